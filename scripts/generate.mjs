// Writes the documents that are made from the code; with --check, tells whether those in docs/ are stale.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfStale } from './build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
buildIfStale(root)
const { start } = await import('../dist/compose.js')
const { loadConfig, VARIABLES } = await import('../dist/config.js')
const { catalogSchema } = await import('../dist/catalog.schema.js')
const { z } = await import('zod')

const { ACTIONS, ROLE_SCOPES } = await import('../dist/people/access.rules.js')
const made = { ...(await openApi()), 'docs/configuration.md': configuration() }
let stale = 0
for (const [file, text] of Object.entries(made)) {
  const path = join(root, file)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${file} is stale: run npm run generate and commit what it writes.`)
    stale++
  } else {
    writeFileSync(path, text)
    console.log(`wrote ${file}`)
  }
}
console.log(`generated: ${Object.keys(made).length} documents, ${stale} stale`)
process.exit(stale > 0 ? 1 : 0)

/** As the demo serves them on its own ports. */
async function openApi() {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-generate-'))
  const env = {
    PORT: '0',
    PUBLIC_URL: 'http://localhost:3000',
    DEMO_RESOURCE_PORT: '0',
    LOG_LEVEL: 'silent',
    LATCHKEY_DATA_DIR: dataDir,
    LATCHKEY_CATALOG: join(root, 'latchkey.yaml'),
  }
  const latchkey = await start(loadConfig(env))
  try {
    const text = (ns) =>
      `${JSON.stringify(latchkey.documents.of(ns), null, 2).replaceAll(latchkey.demo.resourceUrl, 'http://localhost:3001')}\n`
    return {
      'docs/access.md': access(latchkey.routes),
      'docs/openapi.json': text('manage'),
      'docs/openapi.v2.json': text('v2'),
      'docs/openapi.v3.json': text('v3'),
    }
  } finally {
    await latchkey.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The table that the guard decides by. */
function access(routes) {
  const roles = ['admin', 'support', 'owner', 'manager', 'viewer', 'holder']
  const rows = Object.entries(ACTIONS).map(([action, rule]) => {
    const where = routes.filter((route) => route.access === action)
    const calls = where.map(({ method, path }) => `\`${method.toUpperCase()} ${path}\``).join('<br>')
    const may = roles.map((role) => (role === 'admin' || rule.roles.includes(role) ? 'yes' : ''))
    const scope = rule.personsOnly ? 'people only' : rule.scope === null ? 'any token' : `\`${rule.scope}\``
    return `| ${rule.title} | ${calls} | ${scope} | ${may.join(' | ')} |`
  })
  const grants = Object.entries(ROLE_SCOPES).map(
    ([role, scopes]) => `| ${role} | ${[...scopes].map((scope) => `\`${scope}\``).join(' ') || 'none'} |`,
  )
  return `# Who may do what

Made from \`src/people/access.rules.ts\`; change that and run \`npm run generate\`.

A program needs the scope in its token; a person needs the role in the account that the path names. A holder reaches the
keys of their own holder alone. Programs act on their own account; only account \`operator\`, with
\`operator:accounts\` beside the scope, on others. What is out of reach is 404, what is in reach but not allowed 403 with the
missing right.

| may | by | program | ${roles.join(' | ')} |
|---|---|---|${roles.map(() => '---|').join('')}
${rows.join('\n')}

## What a role can give to a management key

Nobody grants more than they have.

| role | scopes |
|---|---|
${grants.join('\n')}
`
}

function configuration() {
  const environment = VARIABLES.map(({ name, default: d, meaning }) => `| \`${name}\` | ${d} | ${meaning} |`)
  const schema = z.toJSONSchema(catalogSchema, { io: 'input', unrepresentable: 'any' })
  const catalog = [...members(schema, '')].map(
    ({ path, type, needed, fallback, meaning }) =>
      `| \`${path}\` | ${type} | ${needed ? 'required' : fallback === undefined ? 'optional' : `\`${fallback}\``} | ${meaning} |`,
  )
  return `# Configuration

Generated from the code by \`npm run generate\`; do not edit.

## Environment

Read once at start. An error names the variable and says what would be right.

| variable | default | meaning |
|---|---|---|
${environment.join('\n')}

**Production** is \`NODE_ENV=production\`, or a \`PUBLIC_URL\` or \`HOST\` that is not loopback. There peppers and master keys
must be given, the store must be named, and the demo cannot be on. Elsewhere missing peppers and master keys are made
once into \`LATCHKEY_DATA_DIR/secrets.json\` (mode 0600).

## Catalog

\`latchkey.yaml\`, or the file that \`LATCHKEY_CATALOG\` names. An error names line and path. \`*\` stands for a name of your own.

| member | type | default | meaning |
|---|---|---|---|
${catalog.join('\n')}
`
}

function* members(schema, path) {
  const needed = new Set(schema.required ?? [])
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    yield* describe(member, path === '' ? name : `${path}.${name}`, needed.has(name))
  }
  if (typeof schema.additionalProperties === 'object')
    yield* describe(schema.additionalProperties, `${path}.*`, false, true)
}

function* describe(member, path, needed, named = false) {
  const inner = typeof member.additionalProperties === 'object' && Object.keys(member.additionalProperties).length > 0
  if (member.properties || inner) {
    yield* members(member, path)
    return
  }
  const fallback = member.default === undefined ? undefined : JSON.stringify(member.default)
  yield { path, type: typeOf(member), needed: needed && !named, fallback, meaning: member.description ?? '' }
}

function typeOf(member) {
  if (member.enum) return member.enum.map((v) => `\`${v}\``).join(' ')
  if (member.anyOf) return [...new Set(member.anyOf.map(typeOf))].join(' or ')
  if (member.const !== undefined) return `\`${member.const}\``
  if (member.type === 'array') return `list of ${typeOf(member.items ?? {})}`
  if (member.format === 'date-time' || member.format === 'date') return 'date'
  const bounds = [
    member.minimum === undefined || member.minimum < -1e15 ? '' : `from ${member.minimum}`,
    member.maximum === undefined || member.maximum > 1e15 ? '' : `to ${member.maximum}`,
  ]
    .filter(Boolean)
    .join(' ')
  return `${Array.isArray(member.type) ? member.type.join(' or ') : (member.type ?? 'date')}${bounds === '' ? '' : ` ${bounds}`}`
}
