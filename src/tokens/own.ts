import type { Catalog, NamespaceEntry } from '../catalog.ts'
import type { Keyring } from '../signing/keyring.ts'
import type { Publisher } from '../status/publish.ts'
import { type TrustSources, verifyIssued } from '../verifier/core.ts'
import { VerifyError } from '../verifier/index.ts'
import { importKeys, type VerificationKey } from '../verifier/jwks.ts'
import { NEVER } from '../verifier/span.ts'
import { STATUS } from '../verifier/status-list.ts'
import type { VerifyIssued } from './subject.ts'

export interface OwnDeps {
  catalog: Catalog
  keyring: Keyring
  publisher: Publisher
  now: () => number
}

/**
 * Latchkey reads its own tokens: the same checks as anybody's, with keys from memory, and statuses as they stand in the
 * store at that moment.
 *
 * @param what.status false: whether they have been revoked is not asked
 */
export function createOwnVerifier(deps: OwnDeps, { status }: { status: boolean } = { status: true }): VerifyIssued {
  const trusted = new Map(
    [...deps.catalog.namespaces.values()].map((entry) => [entry.id, trustIn(entry, deps, status)]),
  )
  return async (namespace, token, judgeBinding) => {
    const trust = trusted.get(namespace)
    if (trust === undefined) throw new VerifyError('wrong_issuer')
    const claims = await verifyIssued(trust, token, judgeBinding)
    // Its times were set by this clock, which needs no leeway with itself.
    if (claims.exp * 1000 <= deps.now()) throw new VerifyError('expired')
    return claims
  }
}

function trustIn(namespace: NamespaceEntry, { keyring, publisher, now }: OwnDeps, status: boolean): TrustSources {
  let imported: { etag: string; keys: Map<string, VerificationKey> } | null = null
  return {
    issuer: namespace.issuer,
    audience: namespace.audience,
    keys: {
      async find(kid) {
        const { etag, keys } = keyring.jwks(namespace.id)
        if (imported?.etag !== etag) imported = { etag, keys: await importKeys({ keys }) }
        return imported.keys.get(kid) ?? null
      },
    },
    status: !status
      ? null
      : {
          async read({ uri, idx, jtis }) {
            const number = uri.slice(`${namespace.issuer}/status/`.length)
            // What any instance has just ended is good for nothing any more.
            await publisher.refresh()
            const [status, ...parents] = jtis.map((jti) => publisher.look(namespace.id, number, idx, jti))
            if (status == null) throw new VerifyError('status_unavailable')
            const isDenied = [status, ...parents].some((each) => each?.denied)
            return { value: isDenied ? STATUS.invalid : status.value, span: NEVER }
          },
        },
    requireStatus: true,
    now,
  }
}
