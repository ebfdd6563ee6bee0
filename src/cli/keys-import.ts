import { readFileSync } from 'node:fs'
import { CliFault, EXIT } from './exit.ts'
import { manage } from './manage.ts'
import { type JsonOption, plain, print, printJson, table } from './output.ts'
import { progress } from './progress.ts'

export interface ImportOptions extends JsonOption {
  account?: string
  namespace: string
}

interface Refused {
  index: number
  code: string
  detail: string
}
type Result = Refused | { index: number; key: object }

const AT_ONCE = 500
/** Of one call, as JSON: the server takes 1 MiB. */
const MAX_CHARS = 200_000

/**
 * `latchkey keys import <file>`: the server judges every item, and hashes keys at once.
 *
 * @throws CliFault where any was refused, once it has told which
 */
export async function importKeys(file: string, { account, namespace, json }: ImportOptions): Promise<void> {
  const items = readItems(file)
  const session = await manage(account)
  const refused: Refused[] = []
  const shown = progress({ of: 'keys', total: items.length, quiet: json })
  try {
    let from = 0
    for (const keys of calls(items)) {
      shown.at(from)
      const json = { namespace, keys }
      const answer = await session.call<{ items: Result[] }>('/keys/import', { method: 'POST', json })
      for (const result of answer.items)
        if ('code' in result) refused.push({ index: from + result.index, code: result.code, detail: result.detail })
      from += keys.length
    }
  } finally {
    shown.end()
  }
  const imported = items.length - refused.length
  if (json) printJson({ imported, refused })
  else tell(imported, items.length, refused)
  if (refused.length > 0) {
    const [n, were] = refused.length === 1 ? ['1 key', 'was'] : [`${refused.length} keys`, 'were']
    throw new CliFault(EXIT.refused, 'not_imported', `${n} of ${items.length} ${were} not imported.`)
  }
}

function tell(imported: number, total: number, refused: readonly Refused[]): void {
  print(`Imported ${imported} of ${total} keys.`)
  if (refused.length === 0) return
  const rows = refused.map(({ index, code, detail }) => [String(index), code, plain(detail)])
  print(table(['ITEM', 'CODE', 'DETAIL'], rows))
}

/** The items in their order, as many a call as it takes. */
function* calls(items: readonly unknown[]): Generator<unknown[]> {
  let keys: unknown[] = []
  let chars = 0
  for (const item of items) {
    const more = JSON.stringify(item).length
    if (keys.length > 0 && (keys.length === AT_ONCE || chars + more > MAX_CHARS)) {
      yield keys
      keys = []
      chars = 0
    }
    keys.push(item)
    chars += more
  }
  if (keys.length > 0) yield keys
}

/** @throws CliFault */
function readItems(file: string): unknown[] {
  let items: unknown
  try {
    items = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new CliFault(EXIT.usage, 'usage', `${file}: cannot be read as JSON.`)
  }
  if (Array.isArray(items)) return items
  const detail = `${file}: must be a JSON array of {sha256 or plain, name, grants, holderId}.`
  throw new CliFault(EXIT.usage, 'usage', detail)
}
