import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Env, LATCHKEY, masked, run } from './run.ts'

describe('cli: serve', function () {
  this.timeout(20_000)
  let folder: string
  let env: Env

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-serve-'))
    env = { PORT: '0', DEMO_RESOURCE_PORT: '0', LOG_LEVEL: 'silent', PATH: process.env.PATH }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** Its greeting, then SIGTERM. */
  async function served(more: Env, last: RegExp): Promise<{ stdout: string; code: number | null }> {
    const child = spawn(process.execPath, [LATCHKEY, 'serve'], { env: { ...env, ...more } })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    let stdout = ''
    const ready = new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        stdout += chunk
        if (last.test(stdout)) resolve()
      })
    })
    await Promise.race([ready, ended])
    child.kill('SIGTERM')
    return { stdout, code: await ended }
  }

  it('greets with addresses, people and a call that can be pasted, and drains on SIGTERM', async () => {
    const { stdout, code } = await served({ LATCHKEY_DATA_DIR: join(folder, 'demo') }, /Ctrl-C stops/)
    expect(code).to.equal(0)
    const lines = stdout.split('\n')
    expect(masked(lines[0] as string)).to.equal('Latchkey is ready at URL (sqlite).')
    for (const line of [
      '  Swagger UI  URL/docs',
      '  Guide       URL/guide',
      '  v2          URL/v2',
      '  v3          URL/v3  (Experimental)',
    ]) {
      expect(masked(stdout)).to.include(`${line}\n`)
    }
    expect(stdout).to.match(/^ {2}operator {2}operator@example\.com {9}\S{12}$/m)
    expect(masked(stdout)).to.match(/^ {2}TOKEN=\$\(curl -s URL\/v2\/jwts -d apiKey=SECRET\)$/m)
    expect(Math.max(...lines.map((line) => line.length))).to.be.at.most(120)
  })

  it('says how to begin on an empty store without demo', async () => {
    const more = { LATCHKEY_DATA_DIR: join(folder, 'empty'), LATCHKEY_DEMO: '0' }
    const { stdout, code } = await served(more, /latchkey init/)
    expect(code).to.equal(0)
    expect(stdout).to.include('The store is empty. "latchkey init" makes the first administrator and the first key.\n')
    expect(stdout).not.to.include('Demo')
  })

  it('names what is wrong with its environment', async () => {
    const taken = createServer()
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port))
    })
    const [bad, busy] = await Promise.all([
      run(['serve'], { ...env, LATCHKEY_DATA_DIR: folder, PORT: 'x', LOG_LEVEL: 'loud' }),
      run(['serve'], { ...env, LATCHKEY_DATA_DIR: folder, PORT: String(port) }),
    ])
    taken.close()
    expect([bad.code, busy.code]).to.deep.equal([3, 3])
    expect(bad.stderr.split('\n')).to.have.length(3)
    expect(bad.stderr).to.match(/^latchkey: PORT: .+\n {2}LOG_LEVEL: .+\n$/)
    expect(busy.stderr).to.equal(`latchkey: Port ${port} is taken. Set PORT to another one.\n`)
  })
})
