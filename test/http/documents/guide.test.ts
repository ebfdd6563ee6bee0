import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { commandsFor } from '../../../src/web/docs/guide.commands.ts'
import { type Bed, onBothStores } from '../bed.ts'

const bash = promisify(execFile)

const plain = (html: string): string =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
const commandsIn = (html: string): string[] =>
  [...html.matchAll(/<pre[^>]*>([\s\S]*?)<\/pre>/g)].map((match) => plain(match[1] as string))

/** What a script of these commands prints, the key in its environment. */
async function run(commands: readonly string[], key: string): Promise<string> {
  const env = { ...process.env, LATCHKEY_API_KEY: key }
  return (await bash('bash', ['-ec', commands.join('\n')], { env, timeout: 10_000 })).stdout
}

onBothStores('The partner guide', (bed) => {
  const guide = async (b: Bed, query = '') => (await b.get(`/guide${query}`)).text

  it('is a page that runs nothing, and tells nobody that it was read', async () => {
    const b = bed()
    for (const query of ['', '?ns=v3', '?ns=manage']) {
      const { status, headers, text } = await b.get(`/guide${query}`)
      expect(status).to.equal(200)
      expect(headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(headers.get('content-security-policy')?.split(/; ?/)).to.deep.equal([
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ])
      expect(headers.get('cache-control')).to.equal('no-cache')
      expect(headers.get('referrer-policy')).to.equal('no-referrer')
      expect(headers.get('x-frame-options')).to.equal('DENY')
      expect(headers.get('x-content-type-options')).to.equal('nosniff')
      expect(text).not.to.match(/<script|<style|\sstyle=|\son\w+=/)
    }
  })

  it('is of one namespace: ?ns= as at /docs, the first where there is none of that name', async () => {
    const b = bed()
    const [v2, v3] = [await guide(b, '?ns=v2'), await guide(b, '?ns=v3')]
    for (const query of ['', '?ns=v9', '?ns=__proto__', '?ns=v3&ns=v3', '?ns=%3Cb%3E'])
      expect(await guide(b, query), query).to.equal(v2)
    expect(v2).to.include('href="/guide?ns=v2" aria-current="page">Partner API</a>')
    expect(v3).to.include('href="/guide?ns=v3" aria-current="page">Partner API V3 (Experimental)</a>')
    for (const said of ['lk_v2_sk_', 'lk_v2_pk_', 'conversions:write', 'https://{account}.api.example.com/v2'])
      expect([v2.includes(said), v3.includes(said)], said).to.deep.equal([true, false])
    expect(plain(v3)).to.include('is off for an account until API Support turns it on')
    expect(plain(v2)).to.include('240 seconds after')
    expect(v2).to.include('href="/docs?ns=v2"').and.include('href="/v2/openapi.json"')
    for (const contact of ['API Support', 'mailto:support@example.com', '+1 555 0100', 'Mo-Fr 8-17'])
      expect(v2).to.include(contact)
  })

  it('explains codes that the page of errors explains too', async () => {
    const b = bed()
    const errors = (await b.get('/docs/errors')).text
    const links = [...(await guide(b)).matchAll(/href="\/docs\/errors#(\w+)"/g)].map((match) => match[1] as string)
    expect(links).to.include.members(['invalid_api_key', 'ip_not_allowed', 'rate_limited', 'invalid_scope'])
    for (const code of links) expect(errors).to.include(`id="${code}"`)
  })

  for (const [namespace, key] of [
    ['v2', 'acme-northwind'],
    ['v3', 'acme-v3-server'],
    ['manage', 'acme-manage'],
  ] as const) {
    it(`shows commands that work as they stand: ${namespace}`, async () => {
      const b = bed()
      const commands = commandsIn(await guide(b, `?ns=${namespace}`))
      expect(commands).to.have.length(4)
      const [exchange, narrow, call, revoke] = commands as [string, string, string, string]
      const secret = b.secret(key)
      const narrowed = JSON.parse(await run([narrow], secret)) as { scope: string; expires_in: number }
      const { catalog, documents } = b.latchkey
      const entry = catalog.namespaces.get(namespace)!
      expect(entry.scopeNames.has(narrowed.scope), narrowed.scope).to.equal(true)
      expect(narrowed.expires_in).to.equal(300)
      const answer = JSON.parse(await run([exchange, call], secret)) as object
      expect(answer).to.have.property(namespace === 'manage' ? 'account' : 'items')
      expect(await run([revoke], secret)).to.equal('200\n')
      expect(await run([exchange, 'echo "$TOKEN"'], secret)).to.include('invalid_api_key')
      expect(commandsFor(entry, documents.of(namespace)).call).to.equal(call)
    })
  }
})

onBothStores(
  'The partner guide of a hostile catalog',
  (bed) => {
    it('says what it is given, and is neither HTML nor shell', async () => {
      const b = bed()
      const { text } = await b.get('/guide?ns=v2')
      expect(text).not.to.include('<img src=x').and.not.to.include('<b>Support')
      expect(text).to.include('&lt;img src=x onerror=alert(1)&gt;').and.include('&lt;b&gt;Support&lt;/b&gt;')
      const namespace = b.latchkey.catalog.namespaces.get('v2')!
      const { narrow, call } = commandsFor(namespace, { openapi: '3.1.0', info: {}, paths: {} } as never)
      expect(call).to.equal(`curl -sS https://ACCOUNT.api.example.com/v2 \\\n  -H "Authorization: Bearer $TOKEN"`)
      const { detail } = JSON.parse(await run([narrow as string], b.secret('acme-northwind'))) as { detail: string }
      expect(detail).to.include("it's`id`$(id)")
    })
  },
  {
    catalog: (yaml) =>
      yaml
        .replace('title: Partner API\n', 'title: "<img src=x onerror=alert(1)>"\n')
        .replace('name: API Support', 'name: "<b>Support</b>"')
        .replace(
          '    scopes:\n      links:read',
          '    scopes:\n      "it\'s`id`$(id)": { title: Odd }\n      links:read',
        ),
  },
)
