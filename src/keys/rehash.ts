import type { Store } from '../store/store.ts'

export interface NewHash {
  account: string
  keyId: string
  secretId: string
  pepper: string
  hash: string
}

/** Hashes made with an old pepper, made anew as their keys are used, and written with the flush. */
export interface Rehash {
  note(hash: NewHash): void
  flush(): Promise<void>
}

const MAX_NOTED = 10_000

export function createRehash(store: Store): Rehash {
  const noted = new Map<string, NewHash>()
  return {
    note(hash) {
      if (noted.size < MAX_NOTED) noted.set(hash.secretId, hash)
    },
    async flush() {
      for (const [id, hash] of noted) {
        const key = await store.get(hash.account, 'keys', hash.keyId)
        if (key !== null) {
          const secrets = key.secrets.map((s) =>
            s.id === hash.secretId ? { ...s, pepper: hash.pepper, hash: hash.hash } : s,
          )
          const old = key.secrets.find((s) => s.id === hash.secretId)?.hash
          // An imported key is found by its hash too.
          const importedHash = key.importedHash === old ? hash.hash : key.importedHash
          const document = { ...key, secrets, importedHash }
          // Lost to another writer: the next use of the key notes it again.
          await store.commit(hash.account, { replace: [{ collection: 'keys', document }] })
        }
        noted.delete(id)
      }
    },
  }
}
