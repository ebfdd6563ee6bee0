/** What the Koa and the Express middleware share: reading the header, asking the verifier, wording the refusal. */
import type { IncomingMessage } from 'node:http'
import type { AccessToken, Expectations, ScopeDemand } from './access.ts'
import { type Realm, type Refusal, refuseAmbiguous, refuseMissing, refuseToken } from './challenge.ts'
import { VerifyError } from './errors.ts'
import { createVerifier, type Verifier, type VerifierOptions } from './verify.ts'

/**
 * What a route asks of the token: scopes, or more in an object, whose members may be read from the request.
 *
 * A function for `account` or `holder` that finds nothing (`undefined`) refuses; one for `subAccount` then asks for the
 * scopes on the whole account.
 */
export type Demand<Source> = ScopeDemand | { [Name in keyof Expectations]: Expectations[Name] | From<Source, Name> }

type From<Source, Name extends keyof Expectations> = (source: Source) => Expectations[Name]

export interface ProtectOptions {
  /** URL of this API's protected resource metadata, told in each challenge (RFC 9728 §5.1). */
  resourceMetadata?: string
}

export type Admission = { token: AccessToken } | { refusal: Refusal }

export interface Guard {
  verifier: Verifier
  admit(request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>, demand: () => Expectations): Promise<Admission>
}

export function createGuard(source: VerifierOptions | Verifier, options: ProtectOptions = {}): Guard {
  const verifier = 'verify' in source ? source : createVerifier(source)
  const { issuer, audience } = verifier
  const realm: Realm = { realm: audience, issuer, resourceMetadata: options.resourceMetadata }
  return {
    verifier,
    async admit(request, demand) {
      const credentials = readBearer(request)
      if (credentials === 'missing') return { refusal: refuseMissing(realm) }
      if (credentials === 'ambiguous') return { refusal: refuseAmbiguous(realm) }
      const expect = demand()
      try {
        return { token: await verifier.verify(credentials.token, expect) }
      } catch (error) {
        if (error instanceof VerifyError) return { refusal: refuseToken(realm, error) }
        throw error
      }
    },
  }
}

export function readDemand<Source>(demand: Demand<Source> | undefined, source: Source): Expectations {
  if (demand === undefined) return {}
  if (typeof demand === 'string' || isList(demand)) return { scope: demand }
  const ask = <Name extends keyof Expectations>(name: Name): Expectations[Name] => {
    const value = demand[name]
    return typeof value === 'function' ? (value as From<Source, Name>)(source) : (value as Expectations[Name])
  }
  // An empty id matches nobody: what the request does not name must not turn into what is not asked.
  const named = (name: 'account' | 'holder') => ask(name) ?? (demand[name] === undefined ? undefined : '')
  return { scope: ask('scope'), subAccount: ask('subAccount'), account: named('account'), holder: named('holder') }
}

function isList(demand: unknown): demand is readonly string[] {
  return Array.isArray(demand)
}

/** Only the header counts: a token in the query or the body is none (RFC 9700 §4.3.2). */
function readBearer(
  request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>,
): 'missing' | 'ambiguous' | { token: string } {
  // `headers` keeps the first of two and hides the second.
  const sent = request.headersDistinct?.authorization ?? [request.headers.authorization ?? '']
  if (sent.length > 1) return 'ambiguous'
  const token = /^bearer(?: +|$)(.*)$/i.exec(sent[0]?.trim() ?? '')?.[1]
  if (token === undefined) return 'missing'
  return token === '' ? 'ambiguous' : { token }
}
