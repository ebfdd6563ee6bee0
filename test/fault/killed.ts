import { expect } from 'chai'
import { decodeStatusArray, statusAt } from '../../src/verifier/status-list.ts'
import { NO_MONGO } from '../contract/mongo-server.ts'
import { claimsOf } from '../http/bed.ts'
import { type Servers, startServers } from './servers.ts'

const ACME = '/manage/accounts/acme'
const GRANTS = [{ subAccount: null, scopes: ['links:read'] }]

/** A key with a token that it gave, before the change. */
interface Made {
  id: string
  holderId: string
  secret: string
  secretId: string
  token: string
}

/** What shows a change, each read from another place. */
interface Seen {
  shown: unknown
  /** In the status list, of the token. */
  listed: number | null
  /** Events of it. */
  told: number
  exchanged: number
}

interface Change {
  event: string
  subject: (made: Made) => string
  path: (made: Made) => string
  body: object
  shown: (key: Record<string, unknown>, made: Made) => unknown
  before: Seen
  after: Seen
}

const BEFORE: Seen = { shown: 'active', listed: 0, told: 0, exchanged: 200 }
const ofKey = (what: string) => ({
  subject: (made: Made) => made.id,
  path: ({ id }: Made) => `${ACME}/keys/${id}/${what}`,
})
const status = (key: Record<string, unknown>) => key.status
const CHANGES: Record<string, Change> = {
  'a revocation': {
    ...ofKey('revoke'),
    event: 'key.revoked',
    body: { reason: 'exposed' },
    shown: status,
    before: BEFORE,
    after: { shown: 'revoked', listed: 1, told: 1, exchanged: 401 },
  },
  'a rotation without overlap': {
    ...ofKey('rotate'),
    event: 'key.rotated',
    body: { overlapSeconds: 0 },
    shown: (key, { secretId }) => (key.secrets as { id: string }[])[0]?.id === secretId,
    before: { ...BEFORE, shown: true },
    after: { shown: false, listed: 1, told: 1, exchanged: 401 },
  },
  'the suspension of a holder, which ends tokens afterwards': {
    event: 'holder.suspended',
    subject: ({ holderId }) => holderId,
    path: ({ holderId }) => `${ACME}/holders/${holderId}/suspend`,
    body: {},
    shown: status,
    before: BEFORE,
    after: { shown: 'active', listed: 2, told: 1, exchanged: 403 },
  },
}

/** Declares the suite for one store. Each has a file of its own, so that the two run at the same time. */
export function killedServers(kind: 'SQLite' | 'MongoDB'): void {
  const absent = kind === 'MongoDB' && !process.env.MONGODB_TEST_URI && process.env.REQUIRE_MONGO !== '1'
  describe(`A server killed between two steps of a change (${kind}${absent ? `, ${NO_MONGO}` : ''})`, () => {
    let servers: Servers
    before(async function () {
      this.timeout(60_000)
      const started = await startServers(kind)
      if (started === null) return this.skip()
      servers = started
    })
    after(async function () {
      this.timeout(30_000)
      await servers?.close()
    })

    const send = async (path: string, body?: object, headers: Record<string, string> = {}) => {
      const answer = await fetch(servers.url + path, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      })
      return { status: answer.status, text: await answer.text() }
    }
    const manage = async (path: string, body?: object) => {
      const { text } = await send('/manage/jwts', { apiKey: servers.demo().keys['acme-manage']?.secret })
      const answer = await send(path, body, { authorization: `Bearer ${text}` })
      return { status: answer.status, json: JSON.parse(answer.text) as Record<string, unknown> }
    }

    async function make(): Promise<Made> {
      const holder = await manage(`${ACME}/holders`, { type: 'machine', name: 'Fleet' })
      const holderId = holder.json.id as string
      const wish = { name: 'n', namespace: 'v2', grants: GRANTS, holderId }
      const { key, secret } = (await manage(`${ACME}/keys`, wish)).json as {
        key: { id: string; secrets: { id: string }[] }
        secret: string
      }
      const token = (await send('/v2/jwts', { apiKey: secret })).text
      return { id: key.id, holderId, secret, secretId: key.secrets[0]?.id as string, token }
    }

    async function look(change: Change, made: Made): Promise<Seen> {
      const { json: key } = await manage(`${ACME}/keys/${made.id}`)
      const { idx, uri } = (claimsOf(made.token).status as { status_list: { idx: number; uri: string } }).status_list
      const list = await send(new URL(uri).pathname)
      const { json: events } = await manage(`${ACME}/events?subject=${change.subject(made)}&type=${change.event}`)
      return {
        shown: change.shown(key, made),
        listed: statusAt(decodeStatusArray(claimsOf(list.text).status_list), idx),
        told: (events.items as unknown[]).length,
        exchanged: (await send('/v2/jwts', { apiKey: made.secret })).status,
      }
    }

    /** What goes on after a restart is done within a second or two. */
    async function settled(change: Change, made: Made): Promise<Seen> {
      const until = performance.now() + 10_000
      for (;;) {
        const seen = await look(change, made)
        const expected = seen.told === 0 ? change.before : change.after
        if (JSON.stringify(seen) === JSON.stringify(expected) || performance.now() > until) return seen
      }
    }

    for (const [name, change] of Object.entries(CHANGES)) {
      it(`${name}: list, log, key and exchange agree, wherever it was`, async () => {
        const happened: boolean[] = []
        for (let steps = 0; ; steps++) {
          const made = await make()
          await servers.killAfter(steps)
          const answer = await manage(change.path(made), change.body).catch(() => null)
          if (answer === null) await servers.restart()
          else await servers.killAfter(Number.MAX_SAFE_INTEGER)
          expect([null, 200]).to.include(answer?.status ?? null)
          const seen = await settled(change, made)
          expect(seen, `killed after ${steps} steps`).to.deep.equal(seen.told === 0 ? change.before : change.after)
          happened.push(seen.told === 1)
          if (answer !== null) break
        }
        // Nothing of it up to some step, all of it from there on, and before it was acknowledged.
        expect(happened.length).to.be.greaterThan(6)
        expect(happened.indexOf(true)).to.be.within(4, happened.length - 2)
        expect(happened.slice(happened.indexOf(true))).to.not.include(false)
        expect((await manage(`${ACME}/events/verification`)).json).to.include({ ok: true })
      }).timeout(180_000)
    }

    it('a report of a leaked key that was answered is worked off after a restart', async () => {
      for (let steps = 0, answered = false; !answered; steps++) {
        const made = await make()
        await servers.killAfter(steps)
        // Answered, it is killed as the revocation begins.
        answered = (await send('/manage/leaks', [{ token: made.secret }]).catch(() => null)) !== null
        await servers.restart()
        if (!answered) continue
        expect(steps).to.be.greaterThan(2)
        const until = performance.now() + 30_000
        let status: number
        do status = (await send('/v2/jwts', { apiKey: made.secret })).status
        while (status === 200 && performance.now() < until)
        expect(status).to.equal(401)
      }
    }).timeout(180_000)
  })
}
