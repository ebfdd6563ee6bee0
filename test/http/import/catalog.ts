/** The demo's catalog, but that namespace v2 takes keys of other systems. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @param keysPerAccount as the demo's unless said */
export function importingCatalog(keysPerAccount = 10_000): string {
  const demo = readFileSync(fileURLToPath(new URL('../../../latchkey.yaml', import.meta.url)), 'utf8')
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-import-')), 'latchkey.yaml')
  const text = demo
    .replace('    title: Partner API\n', '    title: Partner API\n    acceptsImported: true\n')
    .replace('keysPerAccount: 10000', `keysPerAccount: ${keysPerAccount}`)
  writeFileSync(file, text)
  return file
}
