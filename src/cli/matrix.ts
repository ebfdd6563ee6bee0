/** `latchkey matrix`: who may do what where, and rows of it written from a file. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { MatrixRow } from '../keys/matrix.rules.ts'
import { CliFault, EXIT } from './exit.ts'
import { rightsInShort } from './keys-list.ts'
import { type Manage, manage } from './manage.ts'
import { type JsonOption, print, printJson, table } from './output.ts'
import { wholeList } from './pages.ts'

export interface MatrixOptions extends JsonOption {
  account?: string
  namespace: string
  /** A file with `{"rows": […]}`, as `--json` prints them. */
  write?: string
}

export function addMatrix(program: Command): void {
  program
    .command('matrix')
    .description('the rights of all keys of a namespace; with --write, rows that differ are changed, all or none')
    .requiredOption('--namespace <id>', 'API that the keys are for, such as v2')
    .option('--write <file>', 'JSON as --json prints it, with the rows to change')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'print {rows} as JSON')
    .action(matrix)
}

async function matrix({ account, namespace, write, json }: MatrixOptions): Promise<void> {
  const wanted = write === undefined ? null : readRows(write)
  const session = await manage(account)
  const rows =
    wanted === null
      ? await allRows(session, namespace, json)
      : await writeRows(session, { namespace, json, rows: wanted })
  if (json) printJson({ rows })
  else print(table(['KEY', 'VERSION', 'RIGHTS'], rows.map(line)))
}

function line({ keyId, version, grants }: MatrixRow): string[] {
  return [keyId, String(version), rightsInShort(grants)]
}

async function allRows(session: Manage, namespace: string, json: boolean | undefined): Promise<MatrixRow[]> {
  const read = async (path: string) => {
    const { rows: items, nextCursor } = await session.call<{ rows: MatrixRow[]; nextCursor: string | null }>(path)
    return { items, nextCursor }
  }
  return (await wholeList(read, '/matrix', { of: 'keys', filters: { namespace }, json })).items
}

/** Sends only what is not so already: a whole matrix may be larger than one call takes. */
async function writeRows(
  session: Manage,
  { namespace, rows, json }: { namespace: string; rows: readonly unknown[]; json: boolean | undefined },
): Promise<MatrixRow[]> {
  const present = new Set((await allRows(session, namespace, json)).map((row) => JSON.stringify(row)))
  const changed = rows.filter((row) => !present.has(JSON.stringify(row)))
  if (changed.length === 0) return rows as MatrixRow[]
  const path = `/matrix?namespace=${encodeURIComponent(namespace)}`
  return (await session.call<{ rows: MatrixRow[] }>(path, { method: 'PUT', json: { rows: changed } })).rows
}

function readRows(file: string): unknown[] {
  let written: { rows?: unknown } | null
  try {
    written = JSON.parse(readFileSync(file, 'utf8')) as { rows?: unknown } | null
  } catch {
    throw new CliFault(EXIT.usage, 'usage', `${file} cannot be read, or is not JSON.`)
  }
  if (Array.isArray(written?.rows)) return written.rows
  throw new CliFault(EXIT.usage, 'usage', `${file} must hold {"rows": [...]}, as --json prints it.`)
}
