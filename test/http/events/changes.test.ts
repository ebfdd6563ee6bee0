/** The log as an audit log: whatever somebody changes is in it, under who did it and the request it came by. */
import { expect } from 'chai'
import { type Bed, onBothStores } from '../bed.ts'
import { type Browser, OWN_PAGE, send, signIn } from '../people/browser.ts'

const ACCOUNT = '/manage/accounts/audited'
const GRANTS = [{ subAccount: null, scopes: ['links:read'] }]
/** Asks with a body, and changes nothing. */
const PREVIEW = 'keys.rights'
/** What the management API can change in an account. */
const TAGS = ['accounts', 'people', 'keys', 'sub-accounts', 'holders']

type Ids = Record<string, string>
/** An operation, what is sent, and where the id of what it makes stands in the answer. */
type Step = [operationId: string, wish?: object, made?: (answer: Record<string, unknown>) => Ids]

const idIn = (param: string, member?: string) => (answer: Record<string, unknown>) => {
  const { id } = (member === undefined ? answer : answer[member]) as { id: string }
  return { [param]: id }
}

const STEPS: Step[] = [
  ['createAccount', { id: 'audited', name: 'Audited', plan: 'agency' }],
  ['changeAccount', { name: 'Audited well' }],
  ['acceptTerms', { version: '2026-11', method: 'online' }],
  ['enableNamespace'],
  ['disableNamespace'],
  ['suspendAccount', {}],
  ['resumeAccount', {}],
  ['createSubAccount', { name: 'S' }, idIn('subAccount')],
  ['changeSubAccount', { name: 'T' }],
  ['suspendSubAccount', {}],
  ['resumeSubAccount', {}],
  ['createHolder', { type: 'partner', name: 'H' }, idIn('holder')],
  ['changeHolder', { name: 'I' }],
  ['suspendHolder', {}],
  ['resumeHolder', {}],
  ['inviteMember', { email: 'm@audited.example', role: 'viewer', name: 'M' }, idIn('member', 'member')],
  ['changeMember', { name: 'N' }],
  ['issuePasswordReset', {}],
  ['createKey', { name: 'K', namespace: 'v2', grants: GRANTS }, idIn('key', 'key')],
  ['changeKey', { name: 'L' }],
  ['changeMatrix', { rows: [{ version: 2, grants: [{ subAccount: null, scopes: ['tags:read'] }] }] }],
  ['suspendKey', {}],
  ['resumeKey', {}],
  ['rotateKey', { overlapSeconds: 60 }],
  ['moveRotation', { overlapSeconds: 120 }],
  ['endRotation'],
  ['revokeTokens', { namespace: 'v2' }],
  ['shareKey', { expiresInSeconds: 60 }],
  ['cancelShare'],
  ['revokeKey', { reason: 'other' }],
  ['deleteKey'],
  ['importKeys', { namespace: 'v2', keys: [{ plain: 'an-old-key-of-another-system', name: 'O', grants: GRANTS }] }],
  ['deleteHolder'],
  ['deleteSubAccount'],
  ['removeMember'],
]

async function take(b: Bed, me: Browser, [operationId, wish, made]: Step, ids: Ids): Promise<string> {
  const route = b.latchkey.routes.find((one) => one.operationId === operationId)
  if (route === undefined) throw new Error(`there is no ${operationId}`)
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] as string)
  const tag = route.ifMatch === true ? { 'if-match': (await me.get(path)).headers.get('etag') as string } : {}
  const { rows } = (wish ?? {}) as { rows?: object[] }
  const json = rows === undefined ? wish : { rows: rows.map((row) => ({ ...row, keyId: ids.key })) }
  const answer = await send(
    b,
    route.method.toUpperCase(),
    operationId === 'changeMatrix' ? `${path}?namespace=v2` : path,
    {
      headers: { cookie: me.cookie, ...OWN_PAGE, ...tag },
      ...(json === undefined ? {} : { json }),
    },
  )
  expect(answer.status, `${operationId} ${answer.text}`).to.be.within(200, 204)
  if (made !== undefined) Object.assign(ids, made(answer.json()))
  return answer.headers.get('request-id') as string
}

onBothStores(
  'The event log',
  (bed) => {
    it('has every change that somebody made, under their name and the request', async () => {
      const b = bed()
      const admin = await signIn(b, 'operator')
      const { id: who } = (await admin.get('/manage/whoami')).json() as { id: string }
      const ids: Ids = { account: 'audited', namespace: 'v3' }
      for (const step of STEPS) {
        const requestId = await take(b, admin, step, ids)
        const { items } = (await admin.get(`${ACCOUNT}/events?order=desc&limit=5`)).json() as {
          items: { requestId: string; actor: { type: string; id: string; onBehalfOf?: string }; type: string }[]
        }
        const told = items.filter((event) => event.requestId === requestId)
        expect(told, step[0]).to.have.lengthOf.at.least(1)
        for (const { actor, type } of told)
          expect(actor, `${step[0]} ${type}`).to.include({ type: 'person', id: who, onBehalfOf: 'audited' })
      }
      const proof = await admin.get(`${ACCOUNT}/events/verification`)
      expect(proof.json()).to.include({ ok: true, firstBad: null })
    }).timeout(30_000)

    it('leaves out no operation that changes an account', () => {
      const changing = bed().latchkey.routes.filter(
        ({ method, access, tag }) =>
          method !== 'get' && access !== 'public' && access !== PREVIEW && TAGS.includes(tag),
      )
      expect(changing.map(({ operationId }) => operationId)).to.have.members(STEPS.map(([operationId]) => operationId))
    })
  },
  {
    catalog: (yaml) => yaml.replace('    title: Partner API\n', '    title: Partner API\n    acceptsImported: true\n'),
  },
)
