import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Bed, openBed } from '../http/bed.ts'
import { Issuer } from '../verifier/issuer.ts'
import { athOf, createClient, prove } from '../verifier/proofs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The first block of that language in a document, or below one of its headings. */
function snippet(file: string, language: string, heading = ''): string {
  const text = readFileSync(join(root, file), 'utf8')
  const block = new RegExp(`${heading}[\\s\\S]*?\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]
  if (block === undefined) throw new Error(`${file} has no ${language} block`)
  return block
}

describe('What the documents show works as it stands', () => {
  let bed: Bed
  let folder: string
  before(async function () {
    this.timeout(60_000)
    // The command builds what is stale.
    execFileSync(process.execPath, [join(root, 'scripts/latchkey.mjs'), '--version'])
    // The snippets run in processes of their own, which have the real clock.
    bed = await openBed({}, Date.now)
    // Inside the package, so that the snippet's imports are those of a user who installed it.
    mkdirSync(join(root, 'dist'), { recursive: true })
    folder = mkdtempSync(join(root, 'dist', 'snippets-'))
  })
  after(async () => {
    await bed?.latchkey.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  const written = (name: string, code: string): string => {
    const file = join(folder, name)
    writeFileSync(file, code.replaceAll('http://localhost:3000', bed.url))
    return file
  }

  it('README: a resource server in ten lines', async () => {
    const code = snippet('README.md', 'js')
    expect(code.trim().split('\n').filter(Boolean).length).to.be.at.most(10)
    const listening = code.replace('.listen(4000)', '.listen(0, function () { console.log(this.address().port) })')
    expect(listening).to.not.equal(code)
    const child = spawn(process.execPath, [written('resource.mjs', listening)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const url = `http://localhost:${line.toString().trim()}/links`
      const good = await fetch(url, { headers: { authorization: `Bearer ${await bed.token('acme-v2-server')}` } })
      expect([good.status, await good.json()]).to.deep.equal([200, { account: 'acme', links: [] }])
      const without = await fetch(url, { headers: { authorization: `Bearer ${await bed.token('acme-v2-orders')}` } })
      expect(without.status).to.equal(403)
      const key = await fetch(url, { headers: { authorization: `Bearer ${bed.secret('acme-v2-server')}` } })
      expect([key.status, ((await key.json()) as { detail: string }).detail]).to.deep.equal([
        401,
        `This is an API key, not an access token. Exchange it at POST ${bed.url}/v2/jwts and send what that answers.`,
      ])
      expect((await fetch(url)).status).to.equal(401)
    } finally {
      child.kill()
      await once(child, 'exit')
    }
  }).timeout(20_000)

  it('docs/resource-servers/node.md: the verifier by hand', async () => {
    const file = written('verify.mjs', snippet('docs/resource-servers/node.md', 'js'))
    const run = async (token: string): Promise<string> => {
      const child = spawn(process.execPath, [file, token], { stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString()
      })
      await once(child, 'exit')
      return out.trim()
    }
    expect(await run(await bed.token('acme-v2-readonly'))).to.equal('acme false false')
    expect(await run(await bed.token('acme-v2-server'))).to.equal('acme true true')
    expect(await run(await bed.token('acme-v2-orders'))).to.equal('insufficient_scope')
    expect(await run('nonsense')).to.equal('malformed_token')
  }).timeout(20_000)

  it('docs/resource-servers/node.md: an API that takes bound tokens', async () => {
    const issuer = await new Issuer().start()
    const code = snippet('docs/resource-servers/node.md', 'js', '## Tokens bound to a key')
    const listening = code
      .replace('.listen(4001)', '.listen(0, function () { console.log(this.address().port) })')
      .replace('http://localhost:3000/v2', issuer.url)
    const child = spawn(process.execPath, [written('bound.mjs', listening)], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const base = `http://localhost:${line.toString().trim()}`
      const client = await createClient()
      const bound = await issuer.token({ cnf: { jkt: client.jkt } })
      const call = async (authorization: string, htu: string) => {
        const dpop = await prove(client, { htu, iat: issuer.seconds, ath: athOf(bound) })
        return fetch(`${base}/v2/links`, { headers: { authorization, dpop } })
      }
      const good = await call(`DPoP ${bound}`, 'https://api.example.com/v2/links')
      expect([good.status, await good.json()]).to.deep.equal([200, { account: 'acme' }])
      expect((await call(`DPoP ${bound}`, `${base}/v2/links`)).status).to.equal(401)
      expect((await call(`Bearer ${bound}`, 'https://api.example.com/v2/links')).status).to.equal(401)
      expect((await call(`Bearer ${await issuer.token()}`, '')).status).to.equal(200)
      const named = /resource_metadata="([^"]+)"/.exec((await fetch(base)).headers.get('www-authenticate') ?? '')?.[1]
      const described = await fetch(base + new URL(named as string).pathname)
      expect(await described.json()).to.include({ resource: 'https://api.example.com/v2' })
    } finally {
      child.kill()
      await once(child, 'exit')
      await issuer.stop()
    }
  }).timeout(20_000)

  it('every file that a document points at is there', () => {
    const documents = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/rfc-map.md']
    for (const document of documents) {
      const text = readFileSync(join(root, document), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((m) => join(document, '..', m[1] as string))
      const files = [...text.matchAll(/\b((?:src|test|scripts)\/[\w./-]+\.(?:ts|mjs|sh))\b/g)].map(
        (m) => m[1] as string,
      )
      for (const file of [...links, ...files])
        expect(existsSync(join(root, file)), `${document}: ${file}`).to.equal(true)
    }
  })
})
