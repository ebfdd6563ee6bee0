// npm run bench: exchanges a second, beside bare Koa with one jose signature, in turns within one run.
// Quote the ratio: this machine's speed drifts, and both drift with it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { buildIfStale } from '../build.mjs'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3)
const CONNECTIONS = 32

buildIfStale(fileURLToPath(new URL('../..', import.meta.url)))
const contestants = { latchkey: await start('latchkey.mjs'), bare: await start('bare.mjs') }
for (const one of Object.values(contestants)) await measure(one, 1)
const ratios = []
for (let round = 1; round <= ROUNDS; round++) {
  const latchkey = await measure(contestants.latchkey, SECONDS)
  const bare = await measure(contestants.bare, SECONDS)
  ratios.push(latchkey / bare)
  console.log(
    `round ${round}: latchkey ${Math.round(latchkey)}/s  bare Koa + jose ${Math.round(bare)}/s  ratio ${(latchkey / bare).toFixed(2)}`,
  )
}
ratios.sort((a, b) => a - b)
console.log(
  `ratio: median ${ratios[ratios.length >> 1].toFixed(2)}, ${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)} over ${ROUNDS} rounds`,
)
for (const { child } of Object.values(contestants)) child.disconnect()

async function start(file) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)))
  const [message] = await once(child, 'message')
  return { child, ...message }
}

async function measure({ url, body }, duration) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const result = await autocannon({
    url,
    method: 'POST',
    headers,
    body: body ?? 'apiKey=x',
    connections: CONNECTIONS,
    duration,
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed`)
  return result.requests.total / result.duration
}
