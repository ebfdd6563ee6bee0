// npm run bench:verify: verifications a second with and without a check of revocation, of tokens that the verifier has
// not seen before and of tokens that it has. In short turns within one run, and by seconds of processor time, so that what
// else the machine does counts little. Quote the ratios: its speed drifts all the same.
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { buildIfStale } from '../build.mjs'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 60)
const SLICE_MS = Number(process.env.BENCH_SLICE_MS ?? 120)
const ENTRIES = 2 ** 20
const REVOKED = 10_000
/** More than a verifier remembers: asked for in a circle, each is forgotten before it comes again. */
const NEW_TOKENS = 6_000
const KNOWN_TOKENS = 1_000
const ISSUER = 'https://bench.example.com/v2'
const AUDIENCE = 'https://api.example.com/v2'

buildIfStale(fileURLToPath(new URL('../..', import.meta.url)))
const { createVerifier } = await import('../../dist/verifier/index.js')
const { publicKey, privateKey } = await generateKeyPair('ES256')
const jwk = await exportJWK(publicKey)
const kid = await calculateJwkThumbprint(jwk)
const seconds = Math.floor(Date.now() / 1000)
const answers = {
  [`${ISSUER}/.well-known/jwks.json`]: [
    'application/jwk-set+json',
    JSON.stringify({ keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] }),
  ],
  [`${ISSUER}/status/0`]: ['application/statuslist+jwt', await statusList()],
}
const tokens = await Promise.all(Array.from({ length: NEW_TOKENS }, (_, n) => accessToken(n)))

const contestants = {
  'new off': contestant(false, tokens),
  'new on': contestant({ mode: 'poll' }, tokens),
  'known off': contestant(false, tokens.slice(0, KNOWN_TOKENS)),
  'known on': contestant({ mode: 'poll' }, tokens.slice(0, KNOWN_TOKENS)),
}
const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
for (const name in contestants) await measure(contestants[name])
for (let round = 0; round < ROUNDS; round++) {
  // Whoever comes first in one round comes last in the next.
  const names = Object.keys(contestants)
  for (const name of round % 2 === 0 ? names : names.reverse()) rates[name].push(await measure(contestants[name]))
}
for (const what of ['new', 'known']) {
  const [off, on] = [rates[`${what} off`], rates[`${what} on`]]
  const ratios = on.map((rate, round) => rate / off[round])
  console.log(
    `${what} tokens: off ${Math.round(median(off))}/s  on ${Math.round(median(on))}/s  ratio median ${median(ratios).toFixed(2)}`,
  )
}

/** Verifies its tokens one after another, in a circle. */
function contestant(revocation, own) {
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, revocation, fetch: answer })
  let next = 0
  return async () => {
    await verifier.verify(own[next])
    next = (next + 1) % own.length
  }
}

/** Verifications in a second of processor time, over all threads. */
async function measure(verifyNext) {
  const until = performance.now() + SLICE_MS
  const before = process.cpuUsage()
  let count = 0
  while (performance.now() < until) {
    for (let n = 0; n < 20; n++) await verifyNext()
    count += 20
  }
  const { user, system } = process.cpuUsage(before)
  return (count * 1e6) / (user + system)
}

async function answer(url) {
  const [type, body] = answers[String(url)]
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'max-age=3600' } })
}

/** Every hundredth entry is revoked, and none of the tokens'. */
function statusList() {
  const packed = new Uint8Array(ENTRIES / 4)
  for (let n = 0; n < REVOKED; n++) packed[(n * 104) >> 2] |= 1
  const lst = deflateSync(packed, { level: 9 }).toString('base64url')
  const times = { iat: seconds, exp: seconds + 3600, ttl: 3600 }
  return sign({ iss: ISSUER, sub: `${ISSUER}/status/0`, ...times, status_list: { bits: 2, lst } }, 'statuslist+jwt')
}

function accessToken(n) {
  const idx = ((n * 16_411) % (ENTRIES / 2)) * 2 + 1
  const who = { iss: ISSUER, aud: AUDIENCE, sub: 'key_0123456789ab', client_id: 'key_0123456789ab', jti: `jti-${n}` }
  const what = { scope: 'links:read links:write', account: 'acme', plan: 'agency' }
  const status = { status_list: { idx, uri: `${ISSUER}/status/0` } }
  return sign({ ...who, ...what, iat: seconds, exp: seconds + 3600, status }, 'at+jwt')
}

function sign(claims, typ) {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid, typ }).sign(privateKey)
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
}
