import { expect } from 'chai'
import { createVerifier, type VerifyError } from '../../../src/verifier/index.ts'
import { claimsOf, onBothStores } from '../bed.ts'
import { ENDING, KEEPING, type Row } from './causes.ts'
import { makePlace, type Place } from './place.ts'

/** The demo's, with plans to change to, and a scope that fits sub-accounts of one kind. */
const catalog = (yaml: string): string =>
  `${yaml.replace('implies: ["orders:read"]', 'implies: ["orders:read"], subAccountKinds: [shop]')}
  slow:
    namespaces: [v2, v3]
    scopes: "*"
    limits: { exchangesPerMinutePerKey: 30, exchangesPerMinute: 30 }
    entitlements: { domains: null }
  frugal:
    namespaces: [v2, v3]
    scopes: "*"
    limits: { exchangesPerMinutePerKey: null, exchangesPerMinute: null }
    entitlements: { domains: 3 }
  other:
    namespaces: [v3]
    scopes: "*"
    limits: { exchangesPerMinutePerKey: null, exchangesPerMinute: null }
    entitlements: { domains: null }
`

onBothStores(
  'What ends live tokens',
  (bed) => {
    let count = 0
    const place = (row: Row): Promise<Place> => makePlace(bed(), `place-${++count}`, row)

    for (const row of [...ENDING, ...KEEPING]) {
      it(`${row.cause}: ${row.live}, next ${row.next}`, async () => {
        const at = await place(row)
        for (const { act, live, next } of row.back === undefined ? [row] : [row, row.back]) {
          const answer = (await act(at)) as { status?: number | string; text?: string } | undefined
          if (typeof answer?.status === 'number') expect(answer.status, answer.text).to.be.within(200, 204)
          expect(await liveness(at)).to.equal(live)
          expect(await nextOf(at)).to.equal(next)
        }
      }).timeout(20_000)
    }
  },
  { catalog },
)

/** What a verifier says that has the list as it is now. */
async function liveness({ b, token }: Place): Promise<string> {
  const { iss, aud } = claimsOf(token) as { iss: string; aud: string }
  const verifier = createVerifier({ issuer: iss, audience: aud, now: b.now, revocation: { mode: 'poll' } })
  try {
    await verifier.verify(token)
    return 'valid'
  } catch (error) {
    return (error as VerifyError).code
  } finally {
    verifier.close()
  }
}

async function nextOf({ exchange, token }: Place): Promise<string> {
  const answer = await exchange()
  if (!answer.ok) return answer.code
  const [had, has] = [rightsIn(token), rightsIn(answer.token)]
  if (had.some((right) => !has.includes(right))) return 'narrower'
  return has.length > had.length ? 'wider' : 'same'
}

function rightsIn(token: string): string[] {
  const { scope = '', authorization_details = [] } = claimsOf(token) as {
    scope?: string
    authorization_details?: { identifier: string; actions: string[] }[]
  }
  const details = authorization_details.flatMap(({ identifier, actions }) =>
    actions.map((one) => `${identifier} ${one}`),
  )
  return [...scope.split(' ').filter(Boolean), ...details]
}
