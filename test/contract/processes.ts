import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Store } from '../../src/store/store.ts'
import { anEvent, checkHistory, land, type Open, type Target, useStore, walk } from './harness.ts'
import { endSessions } from './mongo-server.ts'

const WRITER = fileURLToPath(new URL('./writer.child.ts', import.meta.url))
const ROUNDS = 3
/** A child is killed up to this many milliseconds after its first acknowledged commit. */
const LONGEST_LIFE_MS = 150

export function processContract(open: Open): void {
  const bench = useStore(open)

  it('three write one account at once: all lands, in one history', async () => {
    const writers = ['p', 'q', 'r'].map(async (name) => {
      const child = startWriter(bench.target, 'acme', name, 20)
      const [code] = await once(child, 'exit')
      expect(code).to.equal(0)
    })
    await Promise.all(writers)
    expect(await checkHistory(bench.store)).to.have.length(60)
    expect(await walk(bench.store, 'acme', 'holders')).to.have.length(120)
  })

  it('one is killed while it commits: what was acknowledged is there whole, nothing is there by half', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const account = `acme${round}`
      const acknowledged = await writeUntilKilled(bench.target, account, account)
      expect(acknowledged).to.be.greaterThan(0)
      const store = await bench.another()
      await checkSurvivors(store, account, acknowledged)
      await store.close()
    }
  })

  it('the history goes on where a killed process left it', async () => {
    const first = await writeUntilKilled(bench.target, 'acme', 'p')
    const second = await writeUntilKilled(bench.target, 'acme', 'q')
    await land(bench.store, { events: [anEvent()] })
    expect((await checkHistory(bench.store)).length).to.be.greaterThan(first + second)
  })
}

function startWriter(target: Target, account: string, name: string, count: number): ChildProcess {
  const args = [target.kind, target.at, account, name, String(count)]
  return fork(WRITER, args, { execArgv: ['--import', 'tsx/esm'], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
}

/** Runs a process that commits in a loop, kills it, and answers how many commits it had been told of. */
async function writeUntilKilled(target: Target, account: string, name: string): Promise<number> {
  const child = startWriter(target, account, name, Number.POSITIVE_INFINITY)
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout! })
  const read = once(lines, 'close')
  const sessions = new Set<string>()
  let acknowledged = 0
  lines.on('line', (line) => {
    const [what, value = ''] = line.split(' ')
    if (what === 'session') sessions.add(value)
    else acknowledged = Number(value)
    if (acknowledged === 1) setTimeout(() => child.kill('SIGKILL'), Math.random() * LONGEST_LIFE_MS)
  })
  const [, signal] = await exited
  await read
  expect(signal).to.equal('SIGKILL')
  if (target.kind === 'mongodb') await endSessions(target.at, [...sessions])
  return acknowledged
}

/** Commit n inserted the holders `{account}-{n}-a` and `-b`, and the event of `n`. */
async function checkSurvivors(store: Store, account: string, acknowledged: number): Promise<void> {
  const events = await checkHistory(store, account)
  const there = events.map(({ data }) => data.n as number)
  expect(there.length).to.be.within(acknowledged, acknowledged + 1)
  expect(there).to.deep.equal(there.map((_, index) => index + 1))
  const holders = (await walk(store, account, 'holders')).map(({ id }) => id)
  const whole = there.flatMap((n) => [`${account}-${n}-a`, `${account}-${n}-b`])
  expect(holders).to.have.members(whole)
}
