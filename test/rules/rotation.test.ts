import { expect } from 'chai'
import fc from 'fast-check'
import { Refusal } from '../../src/errors.ts'
import { newKey, PLAIN_WISH } from '../../src/keys/create.rules.ts'
import { liveSecrets, type Rotation, runningRotation, safeToEnd, succession } from '../../src/keys/rotation.rules.ts'
import type { ApiKey, Secret } from '../../src/keys/rules.ts'

const NOW = 1_000_000_000_000
const DAY = 86_400_000
const secret = (id: string, expiresAt: number | null): Secret => ({
  id,
  pepper: 'p',
  hash: id,
  last4: id.slice(-4),
  createdAt: NOW - 10 * DAY,
  expiresAt,
  status: { list: 'v2/0', index: 1 },
})
const wish = { ...PLAIN_WISH, name: 'n', namespace: 'v2', grants: [{ subAccount: null, scopes: ['links:read'] }] }
const by = { type: 'system', id: null, name: 'test' } as const
const made = { id: 'key_000000000000', secret: null, status: { list: 'v2/0', index: 0 }, by, now: NOW - 10 * DAY }
const keyWith = (secrets: Secret[], expiresAt: number | null = null): ApiKey => ({
  ...newKey(wish, 'acme', null, made),
  secrets,
  expiresAt,
})

const end = fc.option(fc.integer({ min: NOW - DAY, max: NOW + 40 * DAY }))
const overlapMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_592_000 })).map((seconds) => seconds * 1000)
/** As rotations leave them: only the last has no end. */
const secrets = fc
  .array(fc.integer({ min: NOW - DAY, max: NOW - 1 }), { maxLength: 2 })
  .chain((lapsed) =>
    fc
      .tuple(fc.option(fc.integer({ min: NOW - 1, max: NOW + 30 * DAY })), fc.boolean())
      .map(([old, any]) => [
        ...lapsed.map((at, i) => secret(`lapsed${i}`, at)),
        ...(old === null ? [] : [secret('old', old)]),
        ...(any || old !== null ? [secret('newest', null)] : []),
      ]),
  )

describe('Rotation', () => {
  it('never leaves more than two live secrets, nor lets one outlive what it had or its key', () => {
    fc.assert(
      fc.property(secrets, end, overlapMs, fc.boolean(), (kept, keyEnd, overlap, neverUsed) => {
        const key = keyWith(kept, keyEnd)
        const newestSeen = liveSecrets(key, NOW).at(-1)?.id ?? null
        const next = succession({ key, overlapMs: overlap, newestSeen, neverUsed, now: NOW })
        if (next instanceof Refusal) {
          const running = runningRotation(key, NOW) !== null
          const isOver = keyEnd !== null && keyEnd <= NOW
          expect(next.code).to.equal(isOver ? 'key_expired' : 'rotation_in_progress')
          if (!isOver) expect([running, neverUsed]).to.deep.equal([true, false])
          return
        }
        const after = keyWith([...next.keep, secret('fresh', null)], keyEnd)
        expect(liveSecrets(after, NOW).length).to.be.at.most(2)
        for (const one of next.keep) {
          const before = kept.find(({ id }) => id === one.id) as Secret
          expect(one.expiresAt).to.be.a('number')
          expect(one.expiresAt).to.be.at.most(before.expiresAt ?? NOW + overlap)
          if (keyEnd !== null) expect(one.expiresAt).to.be.at.most(Math.max(keyEnd, before.expiresAt ?? 0))
          expect(one.expiresAt).to.equal(next.endsAt)
          // What ends now is ended, with its tokens.
          expect(one.expiresAt).to.be.greaterThan(NOW)
        }
        // Every secret is kept or ended, none forgotten.
        const ids = [...next.keep, ...next.ended].map(({ id }) => id).sort()
        expect(ids).to.deep.equal(kept.map(({ id }) => id).sort())
      }),
      { numRuns: 500 },
    )
  })

  it('a secret that may be in use is never ended by a second rotation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: NOW + 1, max: NOW + 30 * DAY }),
        overlapMs,
        fc.boolean(),
        (ends, overlap, unused) => {
          const key = keyWith([secret('old', ends), secret('newest', null)])
          const next = succession({ key, overlapMs: overlap, newestSeen: 'newest', neverUsed: unused, now: NOW })
          if (next instanceof Refusal) {
            expect([next.code, unused]).to.deep.equal(['rotation_in_progress', false])
            return
          }
          const { keep, ended, endsAt } = next
          expect(unused).to.equal(true)
          expect([keep.map(({ id }) => id), ended.map(({ id }) => id), endsAt]).to.deep.equal([
            ['old'],
            ['newest'],
            ends,
          ])
        },
      ),
    )
  })

  it('does not replace a secret that came after the request', () => {
    const key = keyWith([secret('old', NOW + DAY), secret('newest', null)])
    const next = succession({ key, overlapMs: DAY, newestSeen: 'old', neverUsed: true, now: NOW })
    expect((next as Refusal).code).to.equal('rotation_in_progress')
  })

  it('is safe to end once the new secret was used and the old one was not for 24 hours or half the overlap', () => {
    const rotation = (overlap: number): Rotation => {
      const fresh = { ...secret('fresh', null), createdAt: NOW }
      return { old: secret('old', NOW + overlap), fresh, endsAt: NOW + overlap }
    }
    const at = (overlap: number, uses: Record<string, number>, now: number) =>
      safeToEnd(rotation(overlap), { secrets: uses }, now)
    expect(at(30 * DAY, { old: NOW - 5 }, NOW + 20 * DAY), 'new one never used').to.equal(false)
    expect(safeToEnd(rotation(DAY), null, NOW + DAY)).to.equal(false)
    expect(at(30 * DAY, { fresh: NOW + 5 }, NOW + DAY - 1)).to.equal(false)
    expect(at(30 * DAY, { fresh: NOW + 5 }, NOW + DAY)).to.equal(true)
    expect(at(30 * DAY, { fresh: NOW + 5, old: NOW + DAY }, NOW + DAY)).to.equal(false)
    expect(at(DAY, { fresh: NOW + 5, old: NOW + 10 }, NOW + DAY / 2 + 10)).to.equal(true)
  })
})
