/** What is not there, and what is another account's: of every operation the same answer, by what the routes really do. */
import { expect } from 'chai'
import type { Route } from '../../../src/web/route.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { type Document, operations } from '../documents/openapi.rules.ts'
import { type Browser, OWN_PAGE, send, signIn } from '../people/browser.ts'

const GRANTS = [{ subAccount: null, scopes: ['links:read'] }]

/** A good body for each operation that needs one: what is wrong is the id alone. */
const BODIES: Record<string, object> = {
  changeMember: { name: 'X' },
  issuePasswordReset: {},
  changeKey: { name: 'X' },
  revokeKey: { reason: 'other' },
  previewRights: { grants: GRANTS },
  rotateKey: {},
  moveRotation: { overlapSeconds: 60 },
  shareKey: {},
  suspendKey: {},
  resumeKey: {},
  changeSubAccount: { name: 'X' },
  suspendSubAccount: {},
  resumeSubAccount: {},
  changeHolder: { name: 'X' },
  suspendHolder: {},
  resumeHolder: {},
  rotateSigningKey: {},
}

/** Ids by the parameter that they stand for: made up, and of somebody or something elsewhere. */
async function idsElsewhere(b: Bed, admin: Browser): Promise<Record<string, string[]>> {
  const made = async (path: string, wish: object) => {
    const answer = await admin.post(`/manage/accounts/globex/${path}`, wish)
    expect(answer.status, answer.text).to.equal(201)
    return answer.json().id as string
  }
  const viewer = await signIn(b, 'viewer')
  const [session] = (await viewer.get('/manage/sessions')).json().items as { id: string }[]
  const { id } = (await admin.get('/manage/whoami')).json() as { id: string }
  return {
    key: ['key_000000000000', b.keyId('globex-v2-server')],
    holder: ['hld_0000000000000000', await made('holders', { type: 'partner', name: 'G', grants: GRANTS })],
    subAccount: ['nowhere', await made('sub-accounts', { id: 'globex-only', name: 'G' })],
    member: ['usr_0000000000000000', id],
    session: [`ses_${'0'.repeat(32)}`, session?.id as string],
    namespace: ['v9', 'manage'],
    ns: ['v9'],
  }
}

onBothStores('Management: what is not there', (bed) => {
  it('and what is another account’s is one 404, whatever is asked of it', async () => {
    const b = bed()
    const admin = await signIn(b, 'operator')
    const elsewhere = await idsElsewhere(b, admin)
    const called: string[] = []
    const faults: string[] = []
    const bodies = new Set<string>()
    const ask = async ({ method, path, operationId, body }: Route, id: string) => {
      const json = BODIES[operationId]
      if (body !== undefined && json === undefined) throw new Error(`${operationId} has no body in this test yet`)
      const headers = { cookie: admin.cookie, ...OWN_PAGE, 'if-match': '"1"' }
      const answer = await send(b, method.toUpperCase(), path.replace('{account}', 'acme').replace(/\{\w+\}/, id), {
        headers,
        ...(json === undefined ? {} : { json }),
      })
      if (answer.status === 404) bodies.add(JSON.stringify({ ...answer.json(), requestId: '' }))
      else faults.push(`${operationId} ${id}: ${answer.status} ${answer.text}`)
    }
    for (const route of b.latchkey.routes) {
      const [param] = [...route.path.matchAll(/\{(\w+)\}/g)]
        .map(([, name]) => name as string)
        .filter((n) => n !== 'account')
      if (route.access === 'public' || param === undefined) continue
      called.push(route.operationId)
      for (const id of elsewhere[param] ?? [`no ids for ${param}`]) await ask(route, id)
    }
    expect(faults).to.deep.equal([])
    expect(called.length).to.be.greaterThan(25)
    expect([...bodies], 'the same bytes').to.have.length(1)
  }).timeout(60_000)

  it('an account is named by the path, never by a body', async () => {
    const document = (await bed().get('/manage/openapi.json')).json() as unknown as Document
    const naming = operations(document)
      .filter(({ operation: { requestBody, operationId } }) => {
        // Whose tokens these endpoints give is said by the key; a sign-in chooses among one's own accounts.
        if (operationId === 'signIn') return false
        const text = JSON.stringify(Object.values(requestBody?.content ?? {}).map(({ schema }) => schema))
        const [, name = ''] = /#\/components\/schemas\/(\w+)/.exec(text) ?? []
        return /"account(Id)?":/.test(text + JSON.stringify(document.components.schemas?.[name] ?? {}))
      })
      .map(({ operation }) => operation.operationId)
    expect(naming).to.deep.equal([])
  })
})
