/** Several servers of one process on one store, at the same time or one after the other, with one clock. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dropDatabase, mongoTestUri, NO_MONGO } from '../contract/mongo-server.ts'
import { type Bed, openBed, START } from './bed.ts'

export interface OneMore {
  /** Text of its latchkey.yaml; the demo's unless given. */
  catalog?: string
  /** Instead of one that stands still. */
  clock?: () => number
}

/** Declares `body` once for each store; whatever a test has started is stopped after it. */
export function onOneStore(
  title: string,
  body: (start: (more?: OneMore) => Promise<Bed>, stopAll: () => Promise<void>) => void,
): void {
  for (const kind of ['SQLite', 'MongoDB'] as const) {
    const absent = kind === 'MongoDB' && !process.env.MONGODB_TEST_URI && process.env.REQUIRE_MONGO !== '1'
    describe(`${title} (${kind}${absent ? `, ${NO_MONGO}` : ''})`, () => {
      let folder: string
      let uri: string | null = null
      const open: Bed[] = []
      const stopAll = async (): Promise<void> => {
        for (const bed of open.splice(0)) await bed.latchkey.close()
      }
      beforeEach(function () {
        uri = kind === 'MongoDB' ? mongoTestUri(`latchkey-${randomBytes(6).toString('hex')}`) : null
        if (kind === 'MongoDB' && uri === null) return this.skip()
        folder = mkdtempSync(join(tmpdir(), 'latchkey-one-store-'))
      })
      afterEach(async () => {
        await stopAll()
        if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
        if (uri !== null) await dropDatabase(uri)
      })
      body(async ({ catalog, clock = () => START } = {}) => {
        const file = join(folder, `${randomBytes(4).toString('hex')}.yaml`)
        if (catalog !== undefined) writeFileSync(file, catalog)
        const env = {
          LATCHKEY_DATA_DIR: folder,
          ...(catalog === undefined ? {} : { LATCHKEY_CATALOG: file }),
          ...(uri === null ? {} : { MONGODB_URI: uri }),
        }
        const bed = await openBed(env, clock)
        open.push(bed)
        return bed
      }, stopAll)
    })
  }
}
