/** `latchkey export`: a whole list, as it comes in. */
import { Argument, type Command } from 'commander'
import { CliFault, EXIT } from './exit.ts'
import { writeWhole } from './file.ts'
import { collect } from './input.ts'
import { type Manage, manage } from './manage.ts'
import { remark } from './output.ts'
import { pages, queryOf } from './pages.ts'
import { progress } from './progress.ts'

interface ExportOptions {
  account?: string
  filter?: string[]
  out?: string
  force?: boolean
  json?: boolean
}

type Filters = Record<string, string>

const LISTS = ['keys', 'usage', 'holders', 'sub-accounts', 'members', 'events', 'accounts'] as const
type List = (typeof LISTS)[number]

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write a whole list as CSV, which spreadsheets open, or as JSON')
    .addArgument(new Argument('<list>', 'what').choices(LISTS))
    .option(
      '--filter <name=value>',
      'as the API takes it: status=active, month=2026-11, groupBy=key,day; repeatable',
      collect,
    )
    .option('--out <file>', 'where to; stdout unless said')
    .option('--force', 'overwrite it')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'as JSON, {items, nextCursor}')
    .action(exportList)
}

async function exportList(list: List, { account, filter = [], out, force, json }: ExportOptions): Promise<void> {
  const filters = Object.fromEntries(filter.map(parseFilter))
  const session = await manage(account)
  const path = list === 'accounts' ? '/accounts' : `/accounts/${encodeURIComponent(session.account)}/${list}`
  const chunks = json ? asJson(session, path, list, filters) : asCsv(session, path, { list, filters, out })
  if (out === undefined) {
    for await (const chunk of chunks) await written(chunk)
    return
  }
  await writeWhole(out, chunks, { force })
  remark(`Wrote ${out}.`)
}

/** @throws CliFault */
function parseFilter(text: string): [string, string] {
  const cut = text.indexOf('=')
  const name = text.slice(0, cut)
  if (cut > 0 && name !== 'format' && name !== 'limit' && name !== 'cursor') return [name, text.slice(cut + 1)]
  throw new CliFault(EXIT.usage, 'usage', `--filter ${text}: write name=value, such as status=active.`)
}

async function* asCsv(
  session: Manage,
  path: string,
  { list, filters, out }: { list: List; filters: Filters; out: string | undefined },
): AsyncGenerator<Uint8Array> {
  // Beside rows that go to the terminal itself, it would be in the way.
  const shown = progress({ of: `bytes of ${list}`, quiet: out === undefined && process.stdout.isTTY })
  let bytes = 0
  try {
    for await (const chunk of session.download(`${path}?${queryOf(filters)}`, 'text/csv')) {
      yield chunk
      bytes += chunk.length
      shown.at(bytes)
    }
  } finally {
    shown.end()
  }
}

/** As one page that holds all of them. */
async function* asJson(session: Manage, path: string, of: List, filters: Filters): AsyncGenerator<string> {
  if (of === 'usage') {
    yield `${JSON.stringify(await session.callAny<object>(`${path}?${queryOf(filters)}`))}\n`
    return
  }
  yield '{"items":['
  let between = '\n'
  for await (const { items } of pages<object>(session.callAny, path, { of, filters, json: true })) {
    for (const item of items) {
      yield between + JSON.stringify(item)
      between = ',\n'
    }
  }
  yield '\n],"nextCursor":null}\n'
}

/** Waits where whoever reads is slower. */
async function written(chunk: Uint8Array | string): Promise<void> {
  if (process.stdout.write(chunk)) return
  await new Promise((resolve) => process.stdout.once('drain', resolve))
}
