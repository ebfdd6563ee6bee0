// npm run bench:revocation: how long after a revocation is acknowledged do verifiers still take its token?
// Two instances where MONGODB_URI is set, one on SQLite where not; the verifiers follow them in turns.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as listen } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfStale } from '../build.mjs'

let turn = 0
const VERIFIERS = Number(process.env.BENCH_VERIFIERS ?? 200)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20)

buildIfStale(fileURLToPath(new URL('../..', import.meta.url)))
const { createVerifier } = await import('../../dist/verifier/index.js')
const count = process.env.MONGODB_URI ? 2 : 1
const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const ports = await freePorts(count + 1)
const publicUrl = `http://localhost:${ports[0]}`
const secret = (id) => `${id}:${randomBytes(32).toString('base64')}`
const env = {
  ...process.env,
  LOG_LEVEL: 'warn',
  PUBLIC_URL: publicUrl,
  LATCHKEY_DATA_DIR: dataDir,
  LATCHKEY_PEPPERS: secret('p1'),
  LATCHKEY_MASTER_KEYS: secret('m1'),
}
const instances = []
for (let i = 0; i < count; i++) instances.push(await start(i))
const urls = ports.slice(0, count).map((port) => `http://127.0.0.1:${port}`)
const { keys } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'))
const verifiers = Array.from({ length: VERIFIERS }, (_, n) => verifierAt(urls[n % count]))

const latencies = []
for (let round = 0; round < ROUNDS; round++) latencies.push(...(await revokeOne(round)))
latencies.sort((a, b) => a - b)
const at = (share) => Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))])
console.log(
  `${latencies.length} refusals by ${VERIFIERS} verifiers of ${count} instance${count === 1 ? '' : 's'}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms after the acknowledgement`,
)
for (const verifier of verifiers) verifier.close()
for (const child of instances) {
  child.disconnect()
  await once(child, 'exit')
}
rmSync(dataDir, { recursive: true, force: true })

async function start(i) {
  const ofOne = { PORT: ports[i], DEMO_RESOURCE_PORT: i === 0 ? ports[count] : 0 }
  const child = fork(fileURLToPath(new URL('instance.mjs', import.meta.url)), { env: { ...env, ...ofOne } })
  await once(child, 'message')
  return child
}

/** Trusts the public address, and reaches it by one instance. */
function verifierAt(url) {
  const through = (input, init) => fetch(String(input).replace(publicUrl, url), init)
  return createVerifier({ issuer: `${publicUrl}/v2`, audience: 'https://api.example.com/v2', fetch: through })
}

async function revokeOne(round) {
  const manage = await exchange('manage', keys['acme-manage'].secret)
  const headers = { authorization: `Bearer ${manage}`, 'content-type': 'application/json' }
  const grants = [{ subAccount: null, scopes: ['links:read'] }]
  const body = JSON.stringify({ name: `bench ${round}`, namespace: 'v2', grants })
  const made = await post(`/manage/accounts/acme/keys`, { headers, body })
  const { key, secret } = await made.json()
  const token = await exchange('v2', secret)
  await Promise.all(verifiers.map((verifier) => verifier.verify(token)))
  const path = `/manage/accounts/acme/keys/${key.id}/revoke`
  const revoked = await post(path, { headers, body: '{"reason":"exposed"}' })
  if (!revoked.ok) throw new Error(`${path}: ${revoked.status}`)
  const acknowledged = performance.now()
  const times = []
  let waiting = verifiers
  while (waiting.length > 0) {
    const still = []
    for (const verifier of waiting) {
      const taken = await verifier.verify(token).then(
        () => true,
        () => false,
      )
      if (taken) still.push(verifier)
      else times.push(performance.now() - acknowledged)
    }
    waiting = still
    await new Promise((resolve) => setImmediate(resolve))
  }
  return times
}

async function exchange(namespace, apiKey) {
  const headers = { 'content-type': 'application/json' }
  const answer = await post(`/${namespace}/jwts`, { headers, body: JSON.stringify({ apiKey }) })
  if (!answer.ok) throw new Error(`${namespace}: ${answer.status} ${await answer.text()}`)
  return answer.text()
}

/** At the instances in turns. */
function post(path, init) {
  return fetch(urls[turn++ % count] + path, { method: 'POST', ...init })
}

async function freePorts(n) {
  const servers = Array.from({ length: n }, () => listen().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const free = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return free
}
