// npm test: all suites two files at a time, then those that kill servers or start several, one after the other: what
// they leave on a shared MongoDB for a moment must not be in the way of others. Arguments go to mocha; files named among
// them are run alone.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const ALONE = ['fault', 'instances']

const given = process.argv.slice(2)
const others = readdirSync(`${cwd}/test`).filter((name) => !ALONE.includes(name) && !name.includes('.'))
const ignoring = (names) => names.flatMap((name) => ['--ignore', `test/${name}/**`])
// The files that the configuration lists would be run beside those named.
const { import: loader, timeout } = JSON.parse(readFileSync(`${cwd}/.mocharc.json`, 'utf8'))
const runs = given.some((argument) => argument.endsWith('.ts'))
  ? [['--node-option', `import=${loader}`, '--no-config', '--timeout', String(timeout)]]
  : [ignoring(ALONE), ['--no-parallel', ...ignoring(others)]]
const statuses = runs.map(
  (run) => spawnSync(process.execPath, [mocha, ...run, ...given], { stdio: 'inherit', cwd }).status,
)
process.exit(statuses.find((status) => status !== 0) ?? 0)
