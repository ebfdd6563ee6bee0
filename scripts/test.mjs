// npm test: all suites two files at a time, then in the same way those that kill servers or start several: what they
// leave on a shared MongoDB for a moment must not be in the way of others. Arguments go to mocha; files named among them
// are run alone.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import mongoose from 'mongoose'
import { buildIfStale } from './build.mjs'

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
  : [ignoring(ALONE), ignoring(others)]
// Suites that run the command, or what is installed, run two at a time: neither may build under the other.
buildIfStale(cwd)
if (process.env.MONGODB_TEST_URI)
  await endOrphansSoon(process.env.MONGODB_TEST_URI).catch((error) =>
    console.error(`MONGODB_TEST_URI: ${error.message}; transactions of killed clients may hold up other tests.`),
  )
const statuses = runs.map(
  (run) => spawnSync(process.execPath, [mocha, ...run, ...given], { stdio: 'inherit', cwd }).status,
)
process.exit(statuses.find((status) => status !== 0) ?? 0)

// While a transaction is open that a killed client began, nothing is created or dropped in any database of the server.
async function endOrphansSoon(uri) {
  const connection = await mongoose.createConnection(uri, { serverSelectionTimeoutMS: 5000 }).asPromise()
  await connection.db.admin().command({ setParameter: 1, transactionLifetimeLimitSeconds: 5 })
  await connection.close()
}
