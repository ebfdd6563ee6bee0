/** What the Koa and the Express middleware share: reading the header, asking the verifier, wording the refusal. */
import type { IncomingMessage } from 'node:http'
import type { AccessToken, Expectations, ScopeDemand } from './access.ts'
import { type Realm, type Refusal, refuseAmbiguous, refuseMissing, refuseToken, type Scheme } from './challenge.ts'
import { VerifyError } from './errors.ts'
import { checkUrlOption } from './url-option.ts'
import { createVerifier, type Verifier, type VerifierOptions } from './verify.ts'

/**
 * What a route asks of the token: scopes, or more in an object, whose members may be read from the request.
 *
 * A function for `account` or `holder` that finds nothing (`undefined`) refuses; one for `subAccount` then asks for the
 * scopes on the whole account.
 */
export type Demand<Source> = ScopeDemand | { [Name in keyof Rights]: Rights[Name] | From<Source, Name> }

/** What a route asks; how the token was sent is the guard's to read. */
type Rights = Omit<Expectations, 'dpop'>
type From<Source, Name extends keyof Rights> = (source: Source) => Rights[Name]

export interface ProtectOptions {
  /**
   * URL under which clients reach this application, as they write it, so that its path and that of a request make the
   * URL that a DPoP proof must name: `https://api.example.com`, or with a path where a proxy takes that off. https, or
   * http on loopback; no slash at the end. Left out, no bound tokens are taken and the scheme DPoP is not offered.
   */
  baseUrl?: string
  /** URL of this API's protected resource metadata, told in each challenge (RFC 9728 §5.1). */
  resourceMetadata?: string
}

export type Admission = { token: AccessToken } | { refusal: Refusal }

/** What is read of a request. */
export interface Admittee extends Pick<IncomingMessage, 'headers' | 'headersDistinct' | 'method'> {
  /** Path and query as they came in, before any router took a part off. */
  originalUrl: string
}

export interface Guard {
  verifier: Verifier
  admit(request: Admittee, demand: () => Rights): Promise<Admission>
}

/** @throws TypeError where an option is wrong */
export function createGuard(source: VerifierOptions | Verifier, options: ProtectOptions = {}): Guard {
  const { baseUrl, resourceMetadata } = options
  if (baseUrl !== undefined) checkUrlOption('baseUrl', baseUrl)
  const verifier = 'verify' in source ? source : createVerifier(source)
  const { issuer, audience } = verifier
  const schemes: Scheme[] = baseUrl === undefined ? ['Bearer'] : ['Bearer', 'DPoP']
  const realm: Realm = { realm: audience, issuer, schemes, resourceMetadata }
  return {
    verifier,
    async admit(request, demand) {
      const credentials = readCredentials(request)
      if (credentials === 'ambiguous') return { refusal: refuseAmbiguous(realm) }
      if (credentials === 'missing' || !schemes.includes(credentials.scheme)) return { refusal: refuseMissing(realm) }
      const { scheme, token, proof } = credentials
      const url = `${baseUrl}${request.originalUrl}`
      const dpop = scheme === 'DPoP' ? { proof, method: request.method ?? '', url } : undefined
      const expect = { ...demand(), dpop }
      try {
        return { token: await verifier.verify(token, expect) }
      } catch (error) {
        if (error instanceof VerifyError) return { refusal: refuseToken(realm, scheme, error) }
        throw error
      }
    },
  }
}

export function readDemand<Source>(demand: Demand<Source> | undefined, source: Source): Rights {
  if (demand === undefined) return {}
  if (typeof demand === 'string' || isList(demand)) return { scope: demand }
  const ask = <Name extends keyof Rights>(name: Name): Rights[Name] => {
    const value = demand[name]
    return typeof value === 'function' ? (value as From<Source, Name>)(source) : (value as Rights[Name])
  }
  // An empty id matches nobody: what the request does not name must not turn into what is not asked.
  const named = (name: 'account' | 'holder') => ask(name) ?? (demand[name] === undefined ? undefined : '')
  return { scope: ask('scope'), subAccount: ask('subAccount'), account: named('account'), holder: named('holder') }
}

function isList(demand: unknown): demand is readonly string[] {
  return Array.isArray(demand)
}

interface Credentials {
  scheme: Scheme
  token: string
  /** Empty where none came. */
  proof: string
}

/** Only the header counts: a token in the query or the body is none (RFC 9700 §4.3.2). */
function readCredentials({ headers, headersDistinct }: Admittee): 'missing' | 'ambiguous' | Credentials {
  // `headers` keeps the first of two and hides the second.
  const sent = headersDistinct?.authorization ?? [headers.authorization ?? '']
  const proofs = headersDistinct?.dpop ?? [headers.dpop ?? ''].flat()
  if (sent.length > 1) return 'ambiguous'
  const [, scheme = '', token] = /^(bearer|dpop)(?: +|$)(.*)$/i.exec(sent[0]?.trim() ?? '') ?? []
  if (token === undefined) return 'missing'
  if (token === '' || proofs.length > 1) return 'ambiguous'
  return { scheme: /^dpop$/i.test(scheme) ? 'DPoP' : 'Bearer', token, proof: proofs[0] ?? '' }
}
