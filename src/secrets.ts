/** Peppers and master keys: versioned, given by the operator, never stored. Purposes get keys of their own by HKDF. */
import { createHmac, hkdfSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

export interface VersionedSecret {
  id: string
  bytes: Uint8Array
}

/** The first is current; the others still open what was closed with them. */
export interface SecretRing {
  current: VersionedSecret
  all: ReadonlyMap<string, Uint8Array>
}

/** Kept per pepper and per master key, so that another value under a known id stops the start. */
export interface SecretCheck {
  /** `{kind}:{id}` */
  id: string
  account: ''
  value: string
  createdAt: number
}

export function ring(secrets: readonly VersionedSecret[]): SecretRing {
  const [current] = secrets
  if (current === undefined) throw new TypeError('a ring needs one secret at least')
  return { current, all: new Map(secrets.map((s) => [s.id, s.bytes])) }
}

/** The same ring with every key replaced by one derived from it for `purpose`. 32 bytes each. */
export function derive(from: SecretRing, purpose: string): SecretRing {
  return ring(
    [...from.all].map(([id, bytes]) => ({
      id,
      bytes: new Uint8Array(hkdfSync('sha256', bytes, '', `latchkey ${purpose}`, 32)),
    })),
  )
}

export function checkValue(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('latchkey check value').digest('base64url')
}

const SECRETS_FILE = 'secrets.json'

/**
 * Peppers and master keys of an installation that was given none: made once, kept beside the embedded store, readable
 * by their owner only. `made` tells whether this call made them.
 */
export function loadOrMakeSecrets(
  dataDir: string,
  random: (bytes: number) => Buffer,
): { peppers: VersionedSecret[]; masterKeys: VersionedSecret[]; file: string; made: boolean } {
  const file = join(dataDir, SECRETS_FILE)
  let made = false
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const fresh = { peppers: [fresh32('p1', random)], masterKeys: [fresh32('m1', random)] }
    writeFileSync(file, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    made = true
  }
  const kept = parseSecretsFile(file)
  const read = (name: 'peppers' | 'masterKeys') =>
    kept[name].map(({ id, base64 }) => ({ id, bytes: new Uint8Array(Buffer.from(base64, 'base64')) }))
  return { peppers: read('peppers'), masterKeys: read('masterKeys'), file, made }
}

const fileShape = z.array(z.object({ id: z.string().min(1), base64: z.string().min(40) })).min(1)
const secretsFile = z.object({ peppers: fileShape, masterKeys: fileShape })

/** @throws SecretsFault */
function parseSecretsFile(file: string): z.output<typeof secretsFile> {
  try {
    return secretsFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new SecretsFault(
      `${file}: is not the secrets file that Latchkey wrote. Restore it from a backup: without it no key of this store can be exchanged.`,
    )
  }
}

/** Makes a file, and the directory it lies in, that only their owner reads, where they do not exist; answers the path. */
export function privateFile(file: string): string {
  if (file !== ':memory:' && !existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, '', { mode: 0o600, flag: 'a' })
  }
  return file
}

function fresh32(id: string, random: (bytes: number) => Buffer): { id: string; base64: string } {
  return { id, base64: random(32).toString('base64') }
}

/** Peppers or master keys are not those that belong to the store. */
export class SecretsFault extends Error {
  override name = 'SecretsFault'
}
