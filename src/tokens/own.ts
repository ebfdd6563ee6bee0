import type { NamespaceEntry } from '../catalog.ts'
import type { Keyring } from '../signing/keyring.ts'
import type { Publisher } from '../status/publish.ts'
import { type TrustSources, verifyToken } from '../verifier/core.ts'
import { VerifyError } from '../verifier/index.ts'
import { importKeys, type VerificationKey } from '../verifier/jwks.ts'
import { createReplayGuard } from '../verifier/replay.ts'
import { STATUS } from '../verifier/status.ts'
import type { ManageToken } from '../web/principal.ts'

/** Latchkey as a resource server of its own: the same checks as anybody's, with keys and statuses from memory. */
export function createOwnVerifier(deps: {
  namespace: NamespaceEntry
  keyring: Keyring
  publisher: Publisher
  now: () => number
}): (token: string) => Promise<ManageToken> {
  const { namespace, keyring, publisher, now } = deps
  let imported: { etag: string; keys: Map<string, VerificationKey> } | null = null
  const trust: TrustSources = {
    issuer: namespace.issuer,
    audience: namespace.audience,
    keys: {
      async find(kid) {
        const { etag, keys } = keyring.jwks(namespace.id)
        if (imported?.etag !== etag) imported = { etag, keys: await importKeys({ keys }) }
        return imported.keys.get(kid) ?? null
      },
    },
    status: {
      async read({ uri, idx, jtis }) {
        const number = uri.slice(`${namespace.issuer}/status/`.length)
        await publisher.knows(namespace.id, number)
        const [status, ...parents] = jtis.map((jti) => publisher.look(namespace.id, number, idx, jti))
        if (status == null) throw new VerifyError('status_unavailable')
        return [status, ...parents].some((each) => each?.denied) ? STATUS.invalid : status.value
      },
    },
    requireStatus: true,
    replay: createReplayGuard(now),
    now,
  }
  return async (token) => {
    const { claims } = await verifyToken(trust, token)
    return {
      keyId: claims.client_id,
      account: claims.account as string,
      scopes: (claims.scope ?? '').split(' ').filter(Boolean),
    }
  }
}
