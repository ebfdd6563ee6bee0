/** What the command line does alike with accounts, sub-accounts and holders. */
import type { Manage } from './manage.ts'
import { fields, print, printJson, table } from './output.ts'
import { wholeList } from './pages.ts'

interface Versioned {
  version: number
}

export interface Things<T extends Versioned> {
  /** Below `/manage`. */
  path: string
  head: readonly string[]
  row: (thing: T) => string[]
  /** A thing as people read it; null is left out. */
  lines: (thing: T) => readonly (readonly [string, string | null])[]
}

/** All pages as one. */
export async function listThings<T extends Versioned>(
  session: Manage,
  things: Things<T>,
  filters: Record<string, string | undefined>,
  json: boolean | undefined,
): Promise<void> {
  const { items, nextCursor } = await wholeList<T>(session.callAny, things.path, { of: 'rows', filters, json })
  if (json) return printJson({ items, nextCursor })
  print(items.length === 0 ? 'There are none.' : table(things.head, items.map(things.row)))
}

export async function showThing<T extends Versioned>(
  session: Manage,
  things: Things<T>,
  id: string,
  json: boolean | undefined,
): Promise<void> {
  printThing(things, await session.callAny<T>(pathOf(things, id)), json)
}

export async function createThing<T extends Versioned>(
  session: Manage,
  things: Things<T>,
  wish: object,
  json: boolean | undefined,
): Promise<void> {
  printThing(things, await session.callAny<T>(things.path, { method: 'POST', json: wish }), json)
}

/** Changes what it has just read: whoever changes it meanwhile makes this fail rather than be overwritten. */
export async function editThing<T extends Versioned>(
  session: Manage,
  things: Things<T>,
  id: string,
  { change, json }: { change: object; json: boolean | undefined },
): Promise<void> {
  const path = pathOf(things, id)
  const { version } = await session.callAny<T>(path)
  printThing(things, await session.callAny<T>(path, { method: 'PATCH', json: change, ifMatch: version }), json)
}

/** @param verb `suspend` or `resume` */
export async function actOnThing<T extends Versioned>(
  session: Manage,
  things: Things<T>,
  id: string,
  { verb, json }: { verb: string; json: boolean | undefined },
): Promise<void> {
  printThing(things, await session.callAny<T>(`${pathOf(things, id)}/${verb}`, { method: 'POST', json: {} }), json)
}

export async function deleteThing<T extends Versioned>(session: Manage, things: Things<T>, id: string): Promise<void> {
  await session.callAny(pathOf(things, id), { method: 'DELETE' })
  print(`Deleted ${id}.`)
}

export function printThing<T extends Versioned>(things: Things<T>, thing: T, json: boolean | undefined): void {
  if (json) printJson(thing)
  else print(fields(things.lines(thing)))
}

function pathOf<T extends Versioned>({ path }: Things<T>, id: string): string {
  return `${path}/${encodeURIComponent(id)}`
}
