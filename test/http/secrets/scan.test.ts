import { expect } from 'chai'
import { pooledRandom } from '../../../src/random.ts'
import { loadOrMakeSecrets } from '../../../src/secrets.ts'
import { columnsOf } from '../../../src/web/csv.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { openRaw } from '../events/raw.ts'
import { type Browser, cookieOf, OWN_PAGE, type Reply, send, signIn, trySignIn } from '../people/browser.ts'

const GRANTS = [{ subAccount: null, scopes: ['links:read'] }]
const ACME = '/manage/accounts/acme'
const PASSWORDS = {
  'the first password': 'canary password the first',
  'the next password': 'canary password the second',
  'a wrong password': 'canary password quite wrong',
}

/** What must be nowhere, and what was answered after each was told. */
interface Scan {
  secrets: Map<string, string>
  answers: string[]
}
const noted = (scan: Scan, { headers, text }: Reply): void => {
  scan.answers.push(`${JSON.stringify([...headers])} ${text}`)
}
/** The random part of a key: the rest of it says what it is, and may be seen. */
const coreOf = (secret: string) => secret.slice(21, 53)

/** Makes a thing, keeps what is told once, and sends the very same request again. */
async function make(scan: Scan, me: Browser, path: string, wish: object, oneTime?: string): Promise<Reply> {
  const key = { 'idempotency-key': `scan ${path} ${JSON.stringify(wish).slice(0, 40)}` }
  const first = await me.post(path, wish, key)
  expect(first.status, first.text).to.be.oneOf([200, 201])
  if (oneTime === undefined) noted(scan, first)
  noted(scan, await me.post(path, wish, key))
  return first
}

async function makeKeys(b: Bed, scan: Scan, owner: Browser): Promise<string> {
  for (const [namespace, scopes] of [
    ['v2', ['links:read']],
    ['manage', ['keys:read']],
  ] as const) {
    const wish = { name: `Canary ${namespace}`, namespace, grants: [{ subAccount: null, scopes }] }
    const { secret, key } = (await make(scan, owner, `${ACME}/keys`, wish, 'secret')).json() as {
      secret: string
      key: { id: string }
    }
    scan.secrets.set(`the key of ${namespace}`, coreOf(secret))
    const token = await b.post(`/${namespace}/jwts`, { json: { apiKey: secret } })
    scan.secrets.set(`the token of ${namespace}`, token.text.split('.')[2] as string)
    await misplace(b, scan, secret, token.text)
    noted(scan, await owner.get(`${ACME}/keys/${key.id}`))
  }
  return 'Canary v2'
}

/** Secrets in every place where they do not belong. */
async function misplace(b: Bed, scan: Scan, secret: string, token: string): Promise<void> {
  const authorization = `Bearer ${secret}`
  const wrong = [
    send(b, 'GET', `${ACME}/keys`, { headers: { authorization } }),
    send(b, 'GET', `${ACME}/keys?apiKey=${secret}`, { headers: { authorization: `Bearer ${token}` } }),
    send(b, 'GET', `/v2/${secret}`),
    send(b, 'POST', '/v2/jwts', { json: { [secret]: secret } }),
    send(b, 'POST', '/v2/jwts', { json: { apiKey: `${secret}x` } }),
    send(b, 'POST', '/v2/jwts', { json: { apiKey: secret, scope: secret } }),
    send(b, 'POST', '/v2/jwts', { json: { apiKey: token } }),
    send(b, 'POST', '/v3/jwts', { json: { apiKey: secret } }),
    send(b, 'POST', '/v2/oauth/token', { json: { client_secret: secret } }),
    trySignIn(b, { email: 'a@b.example', password: secret }),
    trySignIn(b, { email: secret, password: 'x' }),
  ]
  for (const answer of await Promise.all(wrong)) noted(scan, answer)
}

const lastOf = (url: unknown) => (url as string).split('/').at(-1) as string

/** A key that is rotated, and then shared: what the link leads to is told once too. */
async function renewKey(b: Bed, scan: Scan, owner: Browser): Promise<void> {
  const wish = { name: 'Canary renewed', namespace: 'v2', grants: GRANTS }
  const { key } = (await make(scan, owner, `${ACME}/keys`, wish, 'secret')).json() as { key: { id: string } }
  const path = `${ACME}/keys/${key.id}`
  const rotated = (await make(scan, owner, `${path}/rotate`, { overlapSeconds: 0 }, 'secret')).json()
  scan.secrets.set('the rotated key', coreOf(rotated.secret as string))
  const { url } = (await make(scan, owner, `${path}/share`, { overlapSeconds: 0 }, 'url')).json()
  scan.secrets.set('the share link', lastOf(url))
  noted(scan, await send(b, 'GET', url as string))
  const opened = await send(b, 'POST', url as string, { json: {} })
  expect(opened.status, opened.text).to.equal(200)
  scan.secrets.set('the shared key', coreOf(opened.json().secret as string))
  noted(scan, await send(b, 'POST', url as string, { json: {} }))
  noted(scan, await owner.get(`${ACME}/matrix?namespace=v2`))
  noted(scan, await owner.get(`${ACME}/matrix?namespace=v2&format=csv`))
}

/** A password that was lost, and is chosen anew by a link. */
async function resetPassword(b: Bed, scan: Scan, owner: Browser, operator: Browser): Promise<void> {
  const wish = { email: 'lost@acme.example', role: 'viewer', name: 'Canary lost' }
  const { member } = (await make(scan, owner, `${ACME}/members`, wish, 'invitationUrl')).json()
  const path = `${ACME}/members/${(member as { id: string }).id}/password-reset`
  const { url } = (await make(scan, operator, path, {}, 'url')).json()
  const password = 'canary password by a link'
  scan.secrets.set('the link to a new password', lastOf(url))
  scan.secrets.set('the password by a link', password)
  noted(scan, await send(b, 'GET', url as string))
  for (let n = 0; n < 2; n++) noted(scan, await send(b, 'POST', url as string, { json: { password } }))
}

/** Somebody invited, in, with another password, out again and locked out. */
async function makeMember(b: Bed, scan: Scan, owner: Browser): Promise<Browser> {
  const email = 'canary@acme.example'
  const wish = { email, role: 'viewer', name: 'Canary' }
  const { invitationUrl } = (await make(scan, owner, `${ACME}/members`, wish, 'invitationUrl')).json()
  scan.secrets.set('the invitation', lastOf(invitationUrl))
  for (const [what, password] of Object.entries(PASSWORDS)) scan.secrets.set(what, password)
  const { 'the first password': first, 'the next password': next, 'a wrong password': wrong } = PASSWORDS
  noted(scan, await send(b, 'POST', invitationUrl as string, { json: { password: first } }))
  noted(scan, await send(b, 'POST', invitationUrl as string, { json: { password: first } }))
  const me = await signIn(b, { email, password: first })
  const changed = await me.put('/manage/session/password', { current: first, password: next })
  expect(changed.status, changed.text).to.equal(204)
  for (const cookie of [me.cookie, cookieOf(changed)]) {
    if (cookie !== '') scan.secrets.set(`session ${scan.secrets.size}`, cookie.split('=')[1] as string)
  }
  noted(scan, await trySignIn(b, { email, password: wrong }))
  noted(
    scan,
    await send(b, 'POST', '/manage/session', { json: { email, password: next, more: wrong }, headers: OWN_PAGE }),
  )
  const again = await signIn(b, { email, password: next })
  scan.secrets.set('the last session', again.cookie.split('=')[1] as string)
  return again
}

/** Every list there is, as JSON and as CSV, by whoever may read it. */
async function readLists(b: Bed, scan: Scan, callers: readonly Browser[]): Promise<void> {
  const lists = b.latchkey.routes.filter((one) => columnsOf(one) !== null && !/\{(?!account\})/.test(one.path))
  expect(lists.length).to.be.greaterThan(6)
  for (const { path } of lists) {
    const called = path.replace('{account}', 'acme')
    for (const me of callers) {
      noted(scan, await me.get(called))
      noted(scan, await me.get(`${called}?format=csv`))
    }
  }
}

const lines: string[] = []
onBothStores(
  'Secrets',
  (bed) => {
    it('are told once, and are then in no answer, no log line, no event and nowhere in the database', async () => {
      const b = bed()
      const scan: Scan = { secrets: new Map(), answers: [] }
      lines.length = 0
      const [owner, operator] = [await signIn(b, 'owner'), await signIn(b, 'operator')]
      const name = await makeKeys(b, scan, owner)
      await make(scan, owner, `${ACME}/holders`, { type: 'machine', name: 'Canary', grants: GRANTS })
      await make(scan, owner, `${ACME}/sub-accounts`, { id: 'canary', name: 'Canary' })
      await make(scan, operator, '/manage/accounts', { id: 'canary', name: 'Canary', plan: 'starter' })
      await renewKey(b, scan, owner)
      const member = await makeMember(b, scan, owner)
      await resetPassword(b, scan, owner, operator)
      for (const [what, { secret }] of Object.entries(b.demo.keys)) {
        if (secret.includes('_sk_')) scan.secrets.set(`demo key ${what}`, coreOf(secret))
      }
      for (const who of ['owner', 'operator', 'holder'] as const)
        scan.secrets.set(`password of ${who}`, b.demo[who].password)
      const { peppers, masterKeys } = loadOrMakeSecrets(b.latchkey.config.dataDir, pooledRandom())
      for (const { id, bytes } of [...peppers, ...masterKeys])
        scan.secrets.set(`secret ${id}`, Buffer.from(bytes).toString('base64'))
      await b.latchkey.flush()
      await readLists(b, scan, [owner, operator, member])
      const raw = await openRaw(b)
      const database = await raw.dump()
      await raw.close()
      const places = { answers: scan.answers.join('\n'), log: lines.join(''), database }
      expect(places.answers).to.include('canary@acme.example').and.include(name)
      expect(places.log).to.include(`${ACME.replace('acme', ':account')}/keys`)
      expect(places.database).to.include('canary@acme.example').and.include(name)
      expect(places.database).to.not.match(/\\?"d\\?":\\?"[\w-]{43}/)
      expect(scan.secrets.size).to.be.greaterThan(20)
      for (const [what, secret] of scan.secrets) {
        expect(secret.length, what).to.be.greaterThan(11)
        for (const [place, text] of Object.entries(places))
          expect(text.includes(secret), `${what} in ${place}`).to.equal(false)
      }
    }).timeout(60_000)
  },
  { onFile: true, logTo: { write: (line) => lines.push(line) } },
)
