// Compiles src/ to dist/ where a source is newer than the last build.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const STAMP = 'dist/.built'

/** @param {string} root */
export function buildIfStale(root) {
  const stamp = join(root, STAMP)
  const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0
  const inputs = [join(root, 'tsconfig.json'), join(root, 'package.json'), ...sources(join(root, 'src'))]
  if (inputs.every((file) => statSync(file).mtimeMs < builtAt)) return
  build(root)
}

/** @param {string} root */
export function build(root) {
  const startedAt = new Date()
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', root], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) {
    process.stderr.write('latchkey: the build failed; see above.\n')
    process.exit(status ?? 1)
  }
  writeFileSync(join(root, STAMP), '')
  utimesSync(join(root, STAMP), startedAt, startedAt)
}

/** @param {string} folder @returns {string[]} */
function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build(fileURLToPath(new URL('..', import.meta.url)))
