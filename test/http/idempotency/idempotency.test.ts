import { expect } from 'chai'
import { PLAIN_WISH } from '../../../src/keys/create.rules.ts'
import { createKey } from '../../../src/keys/create.ts'
import { type Answer, type Bed, onBothStores } from '../bed.ts'

const KEYS = '/manage/accounts/acme/keys'
const DAY = 86_400_000
const WISH = { name: 'Once', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }

async function create(b: Bed, key: string, wish: object = WISH, caller = 'acme-manage'): Promise<Answer> {
  const headers = { authorization: `Bearer ${await b.token(caller)}`, 'idempotency-key': key }
  return b.post(KEYS, { json: wish, headers })
}

/** Holds the next commit of an account back, until it is let go. */
function holdCommit({ latchkey: { store } }: Bed, account: string): { reached: Promise<void>; letGo: () => void } {
  const { commit } = store
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const reached = new Promise<void>((resolve) => {
    store.commit = async (of, what) => {
      if (of === account) {
        store.commit = commit
        resolve()
        await gate
      }
      return commit.call(store, of, what)
    }
  })
  return { reached, letGo }
}

onBothStores('Idempotency-Key', (bed) => {
  it('while the first is under way: 409, to be tried again; then its answer', async () => {
    const b = bed()
    const { reached, letGo } = holdCommit(b, 'acme')
    const first = create(b, 'order-held')
    await reached
    for (const wish of [WISH, { ...WISH, name: 'Twice' }]) {
      const rival = await create(b, 'order-held', wish)
      expect([rival.status, rival.json().code]).to.deep.equal([409, 'idempotency_key_in_flight'])
      expect(rival.headers.get('retry-after')).to.equal('1')
    }
    expect((await create(b, 'order-other')).status, 'another key waits for nobody').to.equal(201)
    expect((await create(b, 'order-held', WISH, 'operator-manage')).status, 'nor does another caller').to.equal(201)
    letGo()
    const made = await first
    expect(made.status).to.equal(201)
    expect((await create(b, 'order-held')).json()).to.deep.equal({ ...made.json(), secret: null })
  })

  it('where the first caller went away meanwhile, what they asked for happens, and is told as done', async () => {
    const b = bed()
    const { reached, letGo } = holdCommit(b, 'acme')
    const leaving = new AbortController()
    const headers = { authorization: `Bearer ${await b.token('acme-manage')}`, 'idempotency-key': 'order-lost' }
    const lost = fetch(new URL(KEYS, b.url), {
      method: 'POST',
      body: JSON.stringify(WISH),
      headers: { ...headers, 'content-type': 'application/json' },
      signal: leaving.signal,
    }).catch((error: Error) => error.name)
    await reached
    leaving.abort()
    expect(await lost).to.equal('AbortError')
    expect((await create(b, 'order-lost')).status, 'it goes on, though nobody listens').to.equal(409)
    letGo()
    let answer = await create(b, 'order-lost')
    while (answer.status === 409) answer = await create(b, 'order-lost')
    expect([answer.status, answer.json().secret]).to.deep.equal([201, null])
  })

  it('the same request again: the first status and body, with null for the secret', async () => {
    const b = bed()
    const first = await create(b, 'order-1')
    const again = await create(b, '"order-1"')
    expect([first.status, again.status]).to.deep.equal([201, 201])
    expect(first.json().secret).to.be.a('string')
    expect(again.json()).to.deep.equal({ ...first.json(), secret: null })
    expect(again.headers.get('location')).to.equal(first.headers.get('location'))
    expect(again.headers.get('etag')).to.equal('"1"')
    const { items } = await b.latchkey.store.page('', 'keptAnswers', { limit: 100 })
    expect(JSON.stringify(items)).to.not.include((first.json().secret as string).slice(21, 53))
  })

  it('another body: 422; spelled-out defaults and the order of members are the same body', async () => {
    const b = bed()
    const first = await create(b, 'order-2')
    const other = await create(b, 'order-2', { ...WISH, name: 'Twice' })
    expect([other.status, other.json().code]).to.deep.equal([422, 'idempotency_key_reused'])
    const same = await create(b, 'order-2', { kind: 'secret', grants: WISH.grants, namespace: 'v2', name: 'Once' })
    expect(same.json().key).to.deep.equal(first.json().key)
  })

  it('is of one caller and one path', async () => {
    const b = bed()
    const mine = await create(b, 'order-3')
    const theirs = await create(b, 'order-3', WISH, 'operator-manage')
    expect(theirs.status).to.equal(201)
    expect((theirs.json().key as { id: string }).id).to.not.equal((mine.json().key as { id: string }).id)
  })

  it('is good for 24 hours', async () => {
    const b = bed()
    const first = await create(b, 'order-4')
    b.pass(DAY - 1)
    expect((await create(b, 'order-4')).json().secret).to.equal(null)
    b.pass(1)
    const fresh = await create(b, 'order-4')
    expect(fresh.json().secret).to.be.a('string')
    expect(fresh.json().key).to.not.deep.equal(first.json().key)
    expect((await create(b, 'order-4')).json()).to.deep.equal({ ...fresh.json(), secret: null })
  })

  it('a request that was refused may be sent again', async () => {
    const b = bed()
    const wrong = await create(b, 'order-5', { ...WISH, namespace: 'v9' })
    expect(wrong.status).to.equal(422)
    expect((await create(b, 'order-5')).status).to.equal(201)
  })

  for (const key of ['', 'a'.repeat(256), 'schlüssel', '""']) {
    it(`refuses ${key.length > 20 ? 'too long a key' : JSON.stringify(key)}: 400`, async () => {
      const answer = await create(bed(), key)
      expect([answer.status, answer.json().code]).to.deep.equal([400, 'invalid_request'])
    })
  }

  it('100 at once make one key; its secret is told once', async () => {
    const b = bed()
    const authorization = `Bearer ${await b.token('acme-manage')}`
    const headers = { authorization, 'idempotency-key': 'order-100' }
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => b.post(KEYS, { json: { ...WISH, name: 'Hundred' }, headers })),
    )
    const made = answers.filter(({ status }) => status === 201).map((a) => a.json())
    const flying = answers.filter(({ status }) => status === 409)
    expect(made.length + flying.length).to.equal(100)
    for (const answer of flying) expect(answer.json().code).to.equal('idempotency_key_in_flight')
    expect(made.filter(({ secret }) => secret !== null)).to.have.length(1)
    const all = (await b.get(`${KEYS}?limit=200`, { authorization })).json().items as { name: string }[]
    expect(all.filter(({ name }) => name === 'Hundred')).to.have.length(1)
  }).timeout(30_000)

  it('of acts in several instances one commits; the others answer what it did', async () => {
    const { keys } = bed().latchkey
    const once = { id: 'elsewhere', fingerprint: 'same', oneTime: ['secret'], now: bed().now() }
    const asker = { actor: { type: 'system', id: null, name: 'test' }, requestId: null, bound: false, once } as const
    const made = await Promise.all(
      Array.from({ length: 20 }, () => createKey(keys, 'acme', { ...PLAIN_WISH, ...WISH, namespace: 'v2' }, asker)),
    )
    expect(new Set(made.map(({ key }) => key.id)).size).to.equal(1)
    expect(made.filter(({ secret }) => secret !== null)).to.have.length(1)
  })
})
