/** Lists of the API, page by page. */
import { progress } from './progress.ts'

export interface Page<T> {
  items: T[]
  nextCursor: string | null
}

export interface Walk {
  /** What is listed, such as `keys`. */
  of: string
  filters?: Readonly<Record<string, string | number | undefined>>
  /** At most so many items; all unless said. */
  most?: number | undefined
  json?: boolean | undefined
}

const PAGE = 200

/** All pages of the list at `path`, one after the other. */
export async function* pages<T>(
  call: (path: string) => Promise<Page<T>>,
  path: string,
  { of, filters = {}, most = Number.POSITIVE_INFINITY, json }: Walk,
): AsyncGenerator<Page<T>> {
  const shown = progress({ of, quiet: json })
  let done = 0
  let cursor: string | undefined
  try {
    do {
      const query = queryOf({ ...filters, limit: Math.min(PAGE, most - done), cursor })
      const page: Page<T> = await call(`${path}?${query}`)
      yield page
      done += page.items.length
      cursor = page.nextCursor ?? undefined
      if (cursor !== undefined) shown.at(done)
    } while (cursor !== undefined && done < most)
  } finally {
    shown.end()
  }
}

/** All pages as one. */
export async function wholeList<T>(
  call: (path: string) => Promise<Page<T>>,
  path: string,
  how: Walk,
): Promise<Page<T>> {
  const items: T[] = []
  let nextCursor: string | null = null
  for await (const page of pages(call, path, how)) {
    items.push(...page.items)
    nextCursor = page.nextCursor
  }
  return { items, nextCursor }
}

export function queryOf(members: Readonly<Record<string, string | number | undefined>>): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(members)) if (value !== undefined) query.set(name, String(value))
  return query
}
