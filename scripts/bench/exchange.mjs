// npm run bench: exchanges a second, beside bare Koa with one jose signature, in turns within one run.
// Quote the ratio: a machine's speed drifts, and both drift with it; turns are short so that both get the same of it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { buildIfStale } from '../build.mjs'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 20)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 1)
const WARM_UP_SECONDS = 3
const CONNECTIONS = 32

buildIfStale(fileURLToPath(new URL('../..', import.meta.url)))
const contestants = { latchkey: await start('latchkey.mjs'), bare: await start('bare.mjs') }
for (const one of Object.values(contestants)) await measure(one, WARM_UP_SECONDS)
const rounds = []
for (let round = 1; round <= ROUNDS; round++) {
  const latchkey = await measure(contestants.latchkey, SECONDS)
  const bare = await measure(contestants.bare, SECONDS)
  rounds.push({ latchkey, bare, ratio: latchkey / bare })
  console.log(`round ${round}: ${shown(latchkey)}, ${shown(bare)}, ratio ${(latchkey / bare).toFixed(2)}`)
}
const all = (what) => rounds.map((round) => round[what]).sort((a, b) => a - b)
const at = (what, part) => all(what)[Math.floor(part * (ROUNDS - 1))]
console.log(`latchkey ${shown(at('latchkey', 0.5))}, bare Koa + jose ${shown(at('bare', 0.5))} (medians)`)
console.log(
  `ratio: median ${at('ratio', 0.5).toFixed(2)}, half of ${ROUNDS} rounds within ${at('ratio', 0.25).toFixed(2)} to ${at('ratio', 0.75).toFixed(2)}`,
)
for (const { child } of Object.values(contestants)) child.disconnect()

function shown(rate) {
  return `${Math.round(rate)}/s`
}

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
