/** The lists as somebody else reads them: a decoder in Python that shares no code with this one. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Bed, claimsOf, onBothStores } from '../http/bed.ts'
import { callerOf } from '../http/manage/caller.ts'
import short from '../vectors/status-list.json' with { type: 'json' }
import long from '../vectors/status-list-long.json' with { type: 'json' }

const READER = fileURLToPath(new URL('./status_list.py', import.meta.url))
const PYTHON = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status === 0
const title = (what: string) => `${what}${PYTHON ? '' : ' (pending: needs python3, 3.8 or newer)'}`

interface Read {
  bits: number
  size: number
  values: [number, number][]
  denied: string[]
}

async function python(args: string[], input = ''): Promise<unknown> {
  const child = spawn('python3', [READER, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input)
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(code).to.equal(0)
  return JSON.parse(output)
}

function needsPython(this: Mocha.Context): void {
  if (!PYTHON && process.env.REQUIRE_PYTHON === '1') throw new Error('REQUIRE_PYTHON=1, but there is no python3')
  if (!PYTHON) this.skip()
}

describe(title('A status list decoder in Python'), () => {
  before(needsPython)

  it('reads the vectors of the draft', async () => {
    const told = (await python(['decode'], JSON.stringify([...short, ...long]))) as [number, number][][]
    const ofShort = short.map(
      ({ values, setIndexes }) => values?.map((value, i) => [i, value]) ?? setIndexes?.map((i) => [i, 1]),
    )
    const expected = [...ofShort, ...long.map(({ set }) => set)]
    const sorted = (pairs: readonly number[][] = []) =>
      pairs.filter(([, value]) => value !== 0).sort(([a = 0], [b = 0]) => a - b)
    expect(told).to.deep.equal(expected.map(sorted))
  })
})

onBothStores(title('A status list as Python reads it'), (bed) => {
  before(needsPython)
  const read = async (b: Bed, uri: string) =>
    (await python(['read', `${b.url}/v2/.well-known/jwks.json`, uri, String(b.now() / 1000)])) as Read

  it('says what was revoked, suspended, resumed and denied', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const grants = [{ subAccount: null, scopes: ['links:read'] }]
    const made: { id: string; secret: string; token: string; idx: number }[] = []
    let uri = ''
    for (let n = 0; n < 6; n++) {
      const { key, secret } = (
        await acme.post('/manage/accounts/acme/keys', { name: `n${n}`, namespace: 'v2', grants })
      ).json() as { key: { id: string }; secret: string }
      const token = (await b.post('/v2/jwts', { json: { apiKey: secret } })).text
      const { status_list: ref } = claimsOf(token).status as { status_list: { idx: number; uri: string } }
      uri = ref.uri
      made.push({ id: key.id, secret, token, idx: ref.idx })
    }
    const at = (n: number) => made[n] as (typeof made)[number]
    const turn = async (n: number, what: string, body?: unknown) =>
      expect((await acme.post(`/manage/accounts/acme/keys/${at(n).id}/${what}`, body)).status).to.equal(200)
    const before = await read(b, uri)
    await turn(0, 'revoke', { reason: 'exposed' })
    await turn(1, 'suspend')
    await turn(2, 'suspend')
    await turn(2, 'resume')
    await turn(3, 'suspend')
    await turn(3, 'revoke', { reason: 'exposed' })
    const basic = `Basic ${Buffer.from(`${at(4).id}:${at(4).secret}`).toString('base64')}`
    await b.post('/v2/oauth/revoke', { form: { token: at(4).token }, headers: { authorization: basic } })
    const after = await read(b, uri)
    expect([after.bits, after.size]).to.deep.equal([2, 2 ** 20])
    const changes = [
      [at(0).idx, 1],
      [at(1).idx, 2],
      [at(3).idx, 1],
    ]
    expect(after.values).to.have.deep.members([...before.values, ...changes])
    expect(after.denied).to.deep.equal([...before.denied, claimsOf(at(4).token).jti])
  })
})
