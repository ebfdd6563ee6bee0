import { OPERATOR } from '../accounts/rules.ts'
import { type Latchkey, start } from '../compose.ts'
import { loadConfig } from '../config.ts'
import { pooledRandom } from '../random.ts'
import { EXIT } from './exit.ts'
import { startFault } from './faults.ts'
import { print, wrapped } from './output.ts'

/** `latchkey serve`: runs until SIGTERM or SIGINT, then drains. */
export async function serve(): Promise<void> {
  const latchkey = await startOrExplain()
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(EXIT.failed)
      stopping = true
      latchkey.close().then(
        () => process.exit(EXIT.ok),
        () => process.exit(EXIT.failed),
      )
    })
  }
  const empty = (await latchkey.store.get(OPERATOR, 'accounts', OPERATOR)) === null
  print(welcome(latchkey, empty))
}

async function startOrExplain(): Promise<Latchkey> {
  try {
    return await start(loadConfig(process.env), { now: Date.now, random: pooledRandom() })
  } catch (error) {
    throw startFault(error)
  }
}

/** What a newcomer needs for the first minute. */
export function welcome({ url, config, demo, notices, catalog, store }: Latchkey, empty: boolean): string {
  const lines = [
    `Latchkey is ready at ${url} (${store.kind}).`,
    '',
    `  Swagger UI  ${url}/docs`,
    `  Guide       ${url}/guide`,
  ]
  for (const { id, issuer, label } of catalog.namespaces.values()) {
    lines.push(`  ${id.padEnd(11)} ${issuer}${label === null ? '' : `  (${label})`}`)
  }
  for (const notice of notices) lines.push('', ...wrapped(notice))
  if (empty) lines.push('', 'The store is empty. "latchkey init" makes the first administrator and the first key.')
  if (demo !== null) lines.push('', ...demoLines(demo, url, config.dataDir))
  return lines.join('\n')
}

function demoLines(
  { data, interrupted, resourceUrl }: NonNullable<Latchkey['demo']>,
  url: string,
  dataDir: string,
): string[] {
  const lines = [`Demo resource server at ${resourceUrl}, verifying offline.`]
  if (data === null) {
    if (interrupted) {
      const why = 'Demo data was begun but not finished: another instance is at it, or a start was interrupted.'
      return [...lines, ...wrapped(`${why} If this stays, delete ${dataDir} (or the database) and start again.`)]
    }
    const why = 'The store holds data of its own, so no demo data was added.'
    return [...lines, ...wrapped(`${why} Set LATCHKEY_DEMO=0 to run without the demo.`)]
  }
  const people = (['operator', 'support', 'owner', 'manager', 'viewer', 'holder'] as const).map(
    (who) => `  ${who.padEnd(9)} ${data[who].email.padEnd(28)} ${data[who].password}`,
  )
  const key = data.keys['acme-v2-server']?.secret
  const call = [
    'Try it: exchange a key for a token, and call the resource server with it.',
    '',
    `  TOKEN=$(curl -s ${url}/v2/jwts -d apiKey=${key})`,
    `  curl -s ${resourceUrl}/v2/links -H "Authorization: Bearer $TOKEN"`,
  ]
  return [
    ...lines,
    '',
    'Demo people:',
    ...people,
    ...(key === undefined ? [] : ['', ...call]),
    '',
    `More keys are in ${dataDir}/demo.json. Ctrl-C stops.`,
  ]
}
