// npm run bench:import: how long 100,000 keys of another system take to import, a thousand a call, on SQLite on disk,
// or on MongoDB where MONGODB_URI is set. CPU time is the server's own: it says more where the machine is shared.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfStale } from '../build.mjs'

const CALLS = Number(process.env.BENCH_CALLS ?? 100)
const A_CALL = 1_000

const root = fileURLToPath(new URL('../..', import.meta.url))
buildIfStale(root)
const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const child = fork(fileURLToPath(new URL('instance.mjs', import.meta.url)), {
  env: {
    ...process.env,
    PORT: '0',
    DEMO_RESOURCE_PORT: '0',
    LOG_LEVEL: 'warn',
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_CATALOG: catalog(),
  },
})
const [{ url }] = await once(child, 'message')
const { keys } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'))
const before = await cpuSeconds()
const began = performance.now()
let slowest = 0
for (let call = 0; call < CALLS; call++) {
  const since = performance.now()
  await importOnce(call)
  slowest = Math.max(slowest, performance.now() - since)
  if (call % 10 === 9) console.log(`${(call + 1) * A_CALL} keys after ${seconds(performance.now() - began)}`)
}
console.log(
  `${CALLS * A_CALL} keys: ${seconds(performance.now() - began)}, slowest call ${seconds(slowest)}, CPU ${((await cpuSeconds()) - before).toFixed(1)} s`,
)
child.disconnect()
await once(child, 'exit')
rmSync(dataDir, { recursive: true, force: true })

/** The demo's, with room for the keys and a namespace that takes them. */
function catalog() {
  const file = join(dataDir, 'latchkey.yaml')
  const yaml = readFileSync(join(root, 'latchkey.yaml'), 'utf8')
    .replace('stage: stable', 'stage: stable\n    acceptsImported: true')
    .replace('keysPerAccount: 10000', `keysPerAccount: ${CALLS * A_CALL + 1_000}`)
  writeFileSync(file, yaml)
  return file
}

async function importOnce(call) {
  const items = Array.from({ length: A_CALL }, (_, n) => ({
    sha256: createHash('sha256').update(`bench ${call} ${n}`).digest('hex'),
    name: `Key ${call * A_CALL + n}`,
    grants: [{ subAccount: null, scopes: ['links:read', 'links:write', 'analytics:read'] }],
  }))
  const answer = await post('/manage/accounts/acme/keys/import', {
    headers: { authorization: `Bearer ${await token()}` },
    body: { namespace: 'v2', keys: items },
  })
  const refused = answer.items.filter(({ code }) => code !== undefined)
  if (refused.length > 0) throw new Error(JSON.stringify(refused[0]))
}

async function token() {
  const { access_token } = await post('/manage/jwts', {
    headers: { accept: 'application/json' },
    body: { apiKey: keys['acme-manage'].secret },
  })
  return access_token
}

async function post(path, { headers, body }) {
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } }
  const response = await fetch(url + path, { ...init, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

async function cpuSeconds() {
  child.send('cpu')
  const [{ user, system }] = await once(child, 'message')
  return (user + system) / 1e6
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}
