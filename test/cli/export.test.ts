import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { download } from '../../src/cli/http.ts'
import { manage } from '../../src/cli/manage.ts'
import { type Page, pages, wholeList } from '../../src/cli/pages.ts'
import { progress } from '../../src/cli/progress.ts'
import { openBed } from '../http/bed.ts'
import { masked, run, SECRET } from './run.ts'
import { withServer } from './server.ts'

describe('cli: export, documentation', function () {
  this.timeout(60_000)
  const server = withServer()
  const acme = (...args: string[]) => run(args, server().env('acme-manage'))
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('export: every list as CSV or as JSON, to stdout', async () => {
    for (const [list, column] of [
      ['keys', 'rights'],
      ['usage', 'exchanges'],
      ['holders', 'externalId'],
      ['sub-accounts', 'kind'],
      ['members', 'role'],
      ['events', 'seq'],
      ['accounts', 'plan'],
    ] as const) {
      const csv = await acme('export', list)
      expect([csv.code, csv.stderr], list).to.deep.equal([0, ''])
      const [head, ...rows] = csv.stdout.trimEnd().split('\r\n') as [string, ...string[]]
      expect(head.split(','), list).to.include(column)
      expect(rows.length, list).to.be.at.least(list === 'usage' ? 0 : 1)
      expect(csv.stdout).not.to.match(SECRET)
    }
    const [csv, json, usage] = await Promise.all([
      acme('export', 'holders'),
      acme('export', 'holders', '--json'),
      acme('export', 'usage', '--json', '--filter', 'groupBy=key'),
    ])
    const { items, nextCursor } = json.json() as { items: { id: string }[]; nextCursor: null }
    const ids = csv.stdout
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((row) => row.split(',')[0])
    expect([items.map(({ id }) => id), nextCursor]).to.deep.equal([ids, null])
    expect(usage.json())
      .to.include.keys('month', 'total', 'items')
      .and.to.deep.include({ groupBy: ['key'] })
  })

  it('export: filtered, to a file that it does not overwrite', async () => {
    const file = join(folder, 'partners.csv')
    const partners = () => acme('export', 'keys', '--filter', 'holderType=partner', '--out', file)
    const made = await partners()
    expect([made.code, made.stdout, made.stderr]).to.deep.equal([0, '', `Wrote ${file}.\n`])
    const [, row, ...more] = readFileSync(file, 'utf8').trimEnd().split('\r\n')
    expect([row?.split(',')[0], more]).to.deep.equal([server().keyId('acme-northwind'), []])
    writeFileSync(file, 'mine')
    const again = await partners()
    expect([again.code, again.stderr]).to.deep.equal([2, `latchkey: ${file} exists. Say --force to overwrite it.\n`])
    expect(readFileSync(file, 'utf8')).to.equal('mine')
    expect((await acme('export', 'keys', '--out', file, '--force')).code).to.equal(0)
    expect(readFileSync(file, 'utf8')).to.include(server().keyId('acme-v2-server'))
  })

  it('export: what is refused leaves no file', async () => {
    const file = join(folder, 'usage.csv')
    const refused = await acme('export', 'usage', '--filter', 'month=1999-01', '--out', file)
    expect([refused.code, existsSync(file), readdirSync(folder)]).to.deep.equal([5, false, []])
    expect(refused.stderr).to.match(/^latchkey: invalid_request: /)
    const nowhere = await acme('export', 'usage', '--out', join(folder, 'no', 'usage.csv'))
    expect([nowhere.code, nowhere.stderr.includes('cannot be written (ENOENT)')]).to.deep.equal([1, true])
    for (const filter of ['format=json', 'status', '=x'])
      expect((await acme('export', 'keys', '--filter', filter)).code, filter).to.equal(2)
    expect((await acme('export', 'secrets')).code).to.equal(2)
  })

  it('documentation: a ZIP archive, under a name that says what it is of', async () => {
    const file = join(folder, 'acme.zip')
    const made = await acme('documentation', '--namespace', 'v3', '--out', file, '--json')
    expect(made.json(), made.stderr).to.deep.equal({ file })
    expect(readFileSync(file).subarray(0, 4).toString('latin1')).to.equal('PK\u0003\u0004')
    const again = await acme('documentation', '--namespace', 'v3', '--out', file)
    expect([again.code, again.stderr.includes('--force')]).to.deep.equal([2, true])
    const forced = await acme('documentation', '--holder-type', 'partner', '--out', file, '--force')
    expect(forced.stdout).to.equal(`Wrote ${file}.\n`)
    const foreign = await acme('documentation', '--account', 'globex', '--out', join(folder, 'globex.zip'))
    expect([foreign.code, readdirSync(folder)]).to.deep.equal([5, ['acme.zip']])
  })

  it('documentation: names the archive itself, and puts it here', async () => {
    for (const [wish, name] of [
      [['--namespace', 'v3'], 'acme-v3.zip'],
      [['--holder-type', 'partner'], 'acme-api-partner.zip'],
    ] as const) {
      const made = await run(['documentation', ...wish], server().env('acme-manage'), '', folder)
      expect([made.code, made.stdout], made.stderr).to.deep.equal([0, `Wrote ${name}.\n`])
      expect(readFileSync(join(folder, name)).subarray(0, 2).toString('latin1')).to.equal('PK')
    }
  })

  it('keys create --deliver share: prints a link in place of the secret', async () => {
    const wish = ['--name', 'Shared', '--namespace', 'v2', '--grant', 'links:read', '--deliver', 'share']
    const { stdout, stderr } = await acme('keys', 'create', ...wish)
    expect(masked(stderr)).to.include('good once, for seven days')
    expect(stdout).not.to.match(SECRET)
    const link = stdout.trimEnd().split('\n').at(-1) as string
    const opened = await fetch(link, { method: 'POST', headers: { accept: 'application/json' } })
    expect(((await opened.json()) as { secret: string }).secret).to.match(SECRET)
  })
})

describe('cli: a walk that outlives its token', () => {
  it('goes on with another', async () => {
    const b = await openBed()
    try {
      const env = { LATCHKEY_URL: b.url, LATCHKEY_KEY: b.secret('acme-manage') }
      const session = await manage(undefined, env, b.now)
      let steps = 0
      const call = (path: string) => {
        steps++
        b.pass(200_000)
        return session.call<Page<object>>(path.replace('limit=200', 'limit=2'))
      }
      const { items } = await wholeList(call, '/keys', { of: 'keys', json: true })
      const own = Object.values(b.demo.keys).filter(({ account }) => account === 'acme')
      expect(items).to.have.length(own.length)
      expect(steps).to.be.at.least(4)
    } finally {
      await b.latchkey.close()
    }
  })
})

describe('cli: long work', () => {
  const terminal = (isTTY: boolean) => {
    const lines: string[] = []
    return { lines, isTTY, write: (text: string) => lines.push(text.replace('\r\u001b[K', '<')) }
  }

  it('shows a bar where the end is known, a count where not, and goes when it is done', () => {
    const to = terminal(true)
    const bar = progress({ of: 'keys', total: 100_000 }, to)
    for (const done of [0, 25_000, 100_000]) bar.at(done)
    bar.end()
    progress({ of: 'events' }, to).at(1_200)
    expect(to.lines).to.deep.equal([
      '<[------------------------] 0 %  0 of 100,000 keys',
      '<[######------------------] 25 %  25,000 of 100,000 keys',
      '<[########################] 100 %  100,000 of 100,000 keys',
      '<',
      '<1,200 events',
    ])
  })

  it('is quiet for programs, and where stderr is no terminal', () => {
    const [program, file] = [terminal(true), terminal(false)]
    for (const shown of [progress({ of: 'keys', quiet: true }, program), progress({ of: 'keys', total: 1 }, file)]) {
      shown.at(1)
      shown.end()
    }
    expect([program.lines, file.lines]).to.deep.equal([[], []])
  })

  it('asks for no more than is wanted, and stops at the last page', async () => {
    const asked: string[] = []
    const call = async (path: string) => {
      asked.push(path)
      return { items: [1, 2], nextCursor: asked.length < 3 ? `c${asked.length}` : null }
    }
    const all = async (most?: number) => {
      asked.length = 0
      const items: number[] = []
      for await (const page of pages<number>(call, '/keys', {
        of: 'keys',
        filters: { status: 'active', q: undefined },
        most,
      }))
        items.push(...page.items)
      return items.length
    }
    expect(await all()).to.equal(6)
    expect(asked).to.deep.equal([
      '/keys?status=active&limit=200',
      '/keys?status=active&limit=200&cursor=c1',
      '/keys?status=active&limit=200&cursor=c2',
    ])
    expect(await all(4)).to.equal(4)
    expect(asked.at(-1)).to.equal('/keys?status=active&limit=2&cursor=c1')
  })

  it('tells an answer that broke off from a whole one', async () => {
    const halfway = createServer((_, res) => {
      res.write('id,name\r\n')
      setImmediate(() => res.destroy())
    })
    await new Promise<void>((resolve) => halfway.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(halfway.address() as AddressInfo).port}/x`
    try {
      for await (const _ of download(url, { token: 't', accept: 'text/csv' }));
      expect.fail('it was taken for whole')
    } catch (error) {
      expect(error).to.include({ code: 'broken_off', exit: 4 })
    } finally {
      halfway.close()
    }
  })
})
