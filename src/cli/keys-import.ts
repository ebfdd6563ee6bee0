import { createHash } from 'node:crypto'
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

/** `latchkey keys import <file>`: keys that stand in the file are hashed here; they never leave the machine. */
export async function importKeys(file: string, { account, namespace, json }: ImportOptions): Promise<void> {
  const items = readItems(file)
  const session = await manage(account)
  const refused: Refused[] = []
  const shown = progress({ of: 'keys', total: items.length, quiet: json })
  try {
    for (let from = 0; from < items.length; from += AT_ONCE) {
      shown.at(from)
      const json = { namespace, keys: items.slice(from, from + AT_ONCE) }
      const answer = await session.call<{ items: Result[] }>('/keys/import', { method: 'POST', json })
      for (const result of answer.items)
        if ('code' in result) refused.push({ index: from + result.index, code: result.code, detail: result.detail })
    }
  } finally {
    shown.end()
  }
  const imported = items.length - refused.length
  if (json) return printJson({ imported, refused })
  print(`Imported ${imported} of ${items.length} keys.`)
  if (refused.length > 0)
    print(
      table(
        ['ITEM', 'CODE', 'DETAIL'],
        refused.map(({ index, code, detail }) => [String(index), code, plain(detail)]),
      ),
    )
}

/** @throws CliFault */
function readItems(file: string): object[] {
  let items: unknown
  try {
    items = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new CliFault(EXIT.usage, 'usage', `${file}: cannot be read as JSON.`)
  }
  if (!Array.isArray(items) || items.some((item) => typeof item !== 'object' || item === null))
    throw new CliFault(
      EXIT.usage,
      'usage',
      `${file}: must be a JSON array of {sha256 or plain, name, grants, holderId}.`,
    )
  return items.map(hashed)
}

function hashed({ plain: text, ...item }: { plain?: unknown }): object {
  return typeof text === 'string' ? { ...item, sha256: createHash('sha256').update(text).digest('hex') } : item
}
