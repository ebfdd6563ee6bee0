/** The client of an OAuth endpoint that is no exchange. */
import { Refusal } from '../errors.ts'
import type { Counters } from '../usage/counters.ts'
import type { ExchangeLimits } from '../usage/limits.ts'
import { rateLimited } from '../usage/refusals.rules.ts'
import { type Authentic, type AuthenticateDeps, authenticate, type Presented } from './authenticate.ts'

export interface CallerDeps {
  authentication: AuthenticateDeps
  limits: ExchangeLimits
  counters: Pick<Counters, 'use'>
}

/** @throws Refusal `invalid_api_key`, which under `/oauth/` is `invalid_client` */
export async function requireClient(deps: CallerDeps, presented: Presented, address: string): Promise<Authentic> {
  const found = await authenticate(deps.authentication, presented)
  if (found === null) return refuseUnauthentic(deps, address)
  const { key, shown } = found
  deps.counters.use({ keyId: key.id, account: key.account, secretId: shown.secretId ?? 'jwks' })
  return found
}

/** Counts against the address, which is all that is known of the caller. */
export async function refuseUnauthentic({ limits }: Pick<CallerDeps, 'limits'>, address: string): Promise<never> {
  const share = await limits.refused(address)
  if (!share.ok) throw rateLimited(share)
  throw new Refusal('invalid_api_key')
}
