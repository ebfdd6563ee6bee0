/** Environment -> frozen Config. Read once; every fault names its variable and says what would be right. */
import { existsSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { isAddressBlock } from './keys/addresses.rules.ts'
import type { VersionedSecret } from './secrets.ts'

export interface Config {
  port: number
  host: string
  /** Base of every issuer and link, without a trailing slash. Never taken from a request. */
  publicUrl: string
  catalogFile: string
  dataDir: string
  store: { kind: 'sqlite'; file: string } | { kind: 'mongodb'; uri: string }
  /** Null: made once into `dataDir`/secrets.json (never in production). */
  peppers: readonly VersionedSecret[] | null
  masterKeys: readonly VersionedSecret[] | null
  /** Proxies in front whose X-Forwarded-For entries are believed. */
  trustedHops: number
  /** CIDR blocks that requests to addresses of customers may reach beside the public internet. */
  outboundAllow: readonly string[]
  logLevel: (typeof LOG_LEVELS)[number]
  demo: boolean
  demoResourcePort: number
  production: boolean
}

export interface Variable {
  name: string
  default: string
  meaning: string
}

/** The table behind docs/configuration.md. */
export const VARIABLES: readonly Variable[] = [
  { name: 'PORT', default: '3000', meaning: 'Port to listen on; 0 takes a free one.' },
  { name: 'HOST', default: '127.0.0.1', meaning: 'Address to listen on. Anything but loopback means production.' },
  {
    name: 'PUBLIC_URL',
    default: 'http://localhost:PORT',
    meaning:
      'Base of every issuer and link, as clients see it. Never taken from the Host header. Anything but loopback means production, and must be https.',
  },
  { name: 'LATCHKEY_CATALOG', default: './latchkey.yaml', meaning: 'The catalog file.' },
  { name: 'LATCHKEY_DATA_DIR', default: './data', meaning: 'Directory of the embedded store and of generated files.' },
  {
    name: 'MONGODB_URI',
    default: '(none)',
    meaning: 'Connection string of a MongoDB replica set. Set: the server keeps everything there.',
  },
  {
    name: 'LATCHKEY_STORE',
    default: 'follows MONGODB_URI',
    meaning: '`sqlite` or `mongodb`. Production without MONGODB_URI must say `sqlite`.',
  },
  {
    name: 'LATCHKEY_PEPPERS',
    default: '(made once, outside production)',
    meaning:
      '`id:base64,…`: peppers of key hashes, at least 32 bytes each. The first is current; the others still verify.',
  },
  {
    name: 'LATCHKEY_MASTER_KEYS',
    default: '(made once, outside production)',
    meaning:
      '`id:base64,…`: master keys for signing keys at rest and the event chain, at least 32 bytes each. The first is current.',
  },
  { name: 'TRUST_PROXY', default: '0', meaning: 'How many proxies in front are trusted to append to X-Forwarded-For.' },
  {
    name: 'LATCHKEY_OUTBOUND_ALLOW',
    default: '(none; with demo data 127.0.0.0/8,::1)',
    meaning:
      'CIDR blocks, separated by commas, that webhooks and `jwksUri` may reach beside the public internet: there over http, on any port and by local names too.',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.' },
  {
    name: 'LATCHKEY_DEMO',
    default: '1 outside production',
    meaning: '1: seeds an empty store with demo data and runs the demo resource server. Cannot be on in production.',
  },
  { name: 'DEMO_RESOURCE_PORT', default: '3001', meaning: 'Port of the demo resource server; 0 takes a free one.' },
  { name: 'NODE_ENV', default: '(none)', meaning: '`production` means production wherever the server listens.' },
]

const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1']
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export class ConfigFault extends Error {
  override name = 'ConfigFault'
}

/** @throws ConfigFault with one line per fault. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = []
  const fault = <T>(message: string, instead: T): T => {
    faults.push(message)
    return instead
  }
  const read = (name: string): string | undefined =>
    env[name] === undefined || env[name] === '' ? undefined : env[name]
  const integer = (name: string, otherwise: number, max: number): number => {
    const text = read(name)
    if (text === undefined) return otherwise
    return /^\d{1,5}$/.test(text) && Number(text) <= max
      ? Number(text)
      : fault(`${name}: "${text}" is not a whole number from 0 to ${max}.`, otherwise)
  }
  const oneOf = <T extends string>(name: string, values: readonly T[], otherwise: T): T => {
    const text = read(name)
    if (text === undefined) return otherwise
    return values.find((v) => v === text) ?? fault(`${name}: "${text}" is none of ${values.join(', ')}.`, otherwise)
  }
  const secrets = (name: string): VersionedSecret[] | null => {
    const text = read(name)
    if (text === undefined) return null
    try {
      return parseSecrets(text)
    } catch (error) {
      return fault(`${name}: ${(error as Error).message}`, null)
    }
  }

  const port = integer('PORT', 3000, 65_535)
  const host = read('HOST') ?? '127.0.0.1'
  const publicUrl = publicUrlOf(read('PUBLIC_URL') ?? `http://localhost:${port}`, fault)
  const production = env.NODE_ENV === 'production' || !isLoopback(host) || !isLoopback(new URL(publicUrl).hostname)
  if (production && !isLoopback(new URL(publicUrl).hostname) && !publicUrl.startsWith('https:')) {
    fault('PUBLIC_URL: must be https where it is not loopback; keys and tokens travel over it.', null)
  }
  const dataDir = resolve(read('LATCHKEY_DATA_DIR') ?? './data')
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory()) {
    fault(`LATCHKEY_DATA_DIR: ${dataDir} is a file; name a directory.`, null)
  }
  const demo = oneOf('LATCHKEY_DEMO', ['0', '1'], production ? '0' : '1') === '1'
  const config: Config = {
    port,
    host,
    publicUrl,
    catalogFile: read('LATCHKEY_CATALOG') ?? './latchkey.yaml',
    dataDir,
    store: storeOf(read('MONGODB_URI'), read('LATCHKEY_STORE'), dataDir, production, fault),
    peppers: secrets('LATCHKEY_PEPPERS'),
    masterKeys: secrets('LATCHKEY_MASTER_KEYS'),
    trustedHops: integer('TRUST_PROXY', 0, 10),
    outboundAllow: blocksOf(read('LATCHKEY_OUTBOUND_ALLOW'), demo ? LOOPBACK : [], fault),
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    demo,
    demoResourcePort: integer('DEMO_RESOURCE_PORT', 3001, 65_535),
    production,
  }
  if (production) refuseProduction(config, env, fault)
  if (faults.length > 0) throw new ConfigFault(faults.join('\n'))
  return Object.freeze(config)
}

type Fault = <T>(message: string, instead: T) => T

function refuseProduction(config: Config, env: Readonly<Record<string, string | undefined>>, fault: Fault): void {
  const how = 'give id:base64 of at least 32 random bytes (openssl rand -base64 32).'
  if (config.peppers === null && !env.LATCHKEY_PEPPERS)
    fault(`LATCHKEY_PEPPERS: must be set in production; ${how}`, null)
  if (config.masterKeys === null && !env.LATCHKEY_MASTER_KEYS)
    fault(`LATCHKEY_MASTER_KEYS: must be set in production; ${how}`, null)
  if (config.demo)
    fault('LATCHKEY_DEMO: demo data has public passwords and cannot be on in production; unset it or set 0.', null)
}

function storeOf(
  uri: string | undefined,
  named: string | undefined,
  dataDir: string,
  production: boolean,
  fault: Fault,
): Config['store'] {
  const sqlite = { kind: 'sqlite', file: join(dataDir, 'latchkey.db') } as const
  if (named !== undefined && named !== 'sqlite' && named !== 'mongodb') {
    return fault(`LATCHKEY_STORE: "${named}" is none of sqlite, mongodb.`, sqlite)
  }
  if ((named ?? (uri === undefined ? 'sqlite' : 'mongodb')) === 'mongodb') {
    if (uri === undefined) return fault('MONGODB_URI: must be set where LATCHKEY_STORE is mongodb.', sqlite)
    if (!/^mongodb(\+srv)?:\/\//.test(uri))
      return fault('MONGODB_URI: must begin with mongodb:// or mongodb+srv://.', sqlite)
    return { kind: 'mongodb', uri }
  }
  if (production && named === undefined) {
    return fault(
      'LATCHKEY_STORE: production must name its store; set MONGODB_URI, or LATCHKEY_STORE=sqlite for a single machine.',
      sqlite,
    )
  }
  return sqlite
}

function blocksOf(text: string | undefined, otherwise: readonly string[], fault: Fault): readonly string[] {
  const blocks = text?.split(',').map((block) => block.trim()) ?? otherwise
  const wrong = blocks.find((block) => !isAddressBlock(block))
  return wrong === undefined
    ? blocks
    : fault(`LATCHKEY_OUTBOUND_ALLOW: "${wrong}" is not an address or CIDR block, such as 10.0.0.0/8.`, otherwise)
}

function publicUrlOf(text: string, fault: Fault): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.search ||
    url.hash ||
    url.username ||
    url.password ||
    text.includes('?') ||
    text.includes('#')
  ) {
    return fault(
      `PUBLIC_URL: "${text}" is not an http(s) URL without query, fragment and credentials.`,
      'http://localhost',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function parseSecrets(text: string): VersionedSecret[] {
  const seen = new Set<string>()
  return text.split(',').map((part) => {
    const match = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/.exec(part.trim())
    if (match === null) throw new Error('is not a list of id:base64; ids are letters, digits, _ and -.')
    const [, id, base64] = match as unknown as [string, string, string]
    const bytes = new Uint8Array(Buffer.from(base64, 'base64'))
    if (bytes.length < 32) throw new Error(`"${id}" has ${bytes.length} bytes; at least 32 are needed.`)
    if (seen.has(id)) throw new Error(`"${id}" is given twice.`)
    seen.add(id)
    return { id, bytes }
  })
}

/** Loopback by name or number: `localhost`, 127.0.0.0/8, ::1. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}
