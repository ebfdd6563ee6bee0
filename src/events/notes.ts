/**
 * Events of exchanges, and of requests that changed nothing, written with the flush: a write on the way of the request
 * would tell by its time that there is something to be told, and could be asked for without end.
 */
import type { NewEvent, Store } from '../store/store.ts'

export interface Note {
  account: string
  /** What it is a case of: of each there is one event a minute, over all instances. */
  of: string
  event: () => NewEvent | Promise<NewEvent>
}

export interface Notes {
  add(note: Note): void
  flush(): Promise<void>
}

const MINUTE_MS = 60_000
/** Held between two flushes, while the store is away too; what is beyond is not told. */
const MAX_NOTED = 10_000

export function createNotes({ store, now }: { store: Store; now: () => number }): Notes {
  const noted = new Map<string, Note & { at: number }>()
  /** Marks of this minute, told or to be told. */
  let known = { minute: 0, marks: new Set<string>() }
  return {
    add(note) {
      const at = now()
      const minute = Math.floor(at / MINUTE_MS)
      if (known.minute !== minute) known = { minute, marks: new Set() }
      const mark = `${note.of}:${minute}`
      if (known.marks.has(mark) || noted.size >= MAX_NOTED) return
      known.marks.add(mark)
      noted.set(mark, { ...note, at })
    },
    async flush() {
      for (const [id, { account, event, at }] of noted) {
        const mark = { collection: 'marks', document: { id, account: '', createdAt: at } } as const
        // The mark holds it to one, whichever instance is first.
        await store.commit(account, { insert: [mark], events: [await event()] })
        noted.delete(id)
      }
    },
  }
}
