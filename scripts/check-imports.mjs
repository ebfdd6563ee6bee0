// The rules of the house, held: who may import whom.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(root, { recursive: true }).filter((f) => /\.tsx?$/.test(f) && !f.endsWith('.d.ts'))
const IMPORT = /^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gms

/** @type {{ from: string, to: string, type: boolean, inside: boolean }[]} */
const arrows = files.flatMap((from) =>
  [...readFileSync(join(root, from), 'utf8').matchAll(IMPORT)].map(([, type, to]) => ({
    from,
    to: to.startsWith('.') ? relative(root, normalize(join(root, dirname(from), to))) : to,
    type: type !== undefined,
    inside: to.startsWith('.'),
  })),
)

const room = (file) => (file.includes('/') ? file.split('/')[0] : '')
const isRules = (file) => /(^|[./])rules\.ts$/.test(file)
const isRoutes = (file) => /(^|[./])routes\.ts$/.test(file)
const SUBJECTS = [
  'keys',
  'tokens',
  'status',
  'signing',
  'accounts',
  'sub-accounts',
  'people',
  'holders',
  'events',
  'webhooks',
  'usage',
  'outbound',
]
const PURE_NODE = ['node:crypto', 'node:zlib', 'node:net']
const NODE = /^node:/

const RULES = [
  {
    says: 'rules.ts imports rules, errors, and types',
    broken: ({ from, to, type, inside }) =>
      isRules(from) &&
      SUBJECTS.includes(room(from)) &&
      !type &&
      (inside ? !isRules(to) && to !== 'errors.ts' && to !== 'catalog.ts' : !PURE_NODE.includes(to)),
  },
  {
    says: 'only store/ knows a database driver',
    broken: ({ from, to }) => ['mongoose', 'mongodb', 'better-sqlite3'].includes(to) && room(from) !== 'store',
  },
  {
    says: 'only web/ and routes know Koa',
    broken: ({ from, to, type }) =>
      /^(koa|@koa\/)/.test(to) &&
      !['web', 'demo'].includes(room(from)) &&
      !isRoutes(from) &&
      !(from === 'compose.ts' && type),
  },
  {
    says: 'a subject reaches another through its rules, or through what compose.ts hands it',
    broken: ({ from, to, type, inside }) =>
      inside &&
      !type &&
      SUBJECTS.includes(room(from)) &&
      SUBJECTS.includes(room(to)) &&
      room(from) !== room(to) &&
      !isRules(to) &&
      !/(^|\/)shape\.ts$/.test(to),
  },
  {
    says: 'store/ lies below: it imports types alone',
    broken: ({ from, to, type, inside }) =>
      room(from) === 'store' && inside && !type && room(to) !== 'store' && to !== 'errors.ts',
  },
  {
    says: 'verifier/ imports jose alone',
    broken: ({ from, to, inside }) =>
      room(from) === 'verifier' && (inside ? room(to) !== 'verifier' : to !== 'jose' && !NODE.test(to)),
  },
  {
    says: 'client/ imports nothing',
    broken: ({ from, to, inside }) => room(from) === 'client' && (inside ? room(to) !== 'client' : true),
  },
  {
    says: 'the demo resource server uses verifier/ like any user',
    broken: ({ from, to, inside }) =>
      from.startsWith('demo/resource/') &&
      inside &&
      !to.startsWith('demo/resource/') &&
      !['verifier/index.ts', 'verifier/koa.ts', 'verifier/express.ts'].includes(to),
  },
  {
    says: 'nobody imports compose.ts but who starts it',
    broken: ({ from, to, type }) => to === 'compose.ts' && !type && from !== 'server.ts' && room(from) !== 'cli',
  },
]

const faults = RULES.flatMap(({ says, broken }) =>
  arrows.filter(broken).map(({ from, to }) => `${says}: src/${from} -> ${to}`),
)
faults.push(...circles())
for (const fault of faults) console.error(fault)
console.log(`imports: ${files.length} files, ${arrows.length} imports, ${faults.length} against the rules`)
process.exit(faults.length > 0 ? 1 : 0)

/** Circles among imports of values; types are gone when the code runs. */
function circles() {
  const next = new Map(
    files.map((f) => [f, arrows.filter((a) => a.from === f && a.inside && !a.type).map((a) => a.to)]),
  )
  const state = new Map()
  const found = []
  const visit = (file, path) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push(`a circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
      return
    }
    state.set(file, 'open')
    for (const to of next.get(file) ?? []) visit(to, [...path, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  return found
}
