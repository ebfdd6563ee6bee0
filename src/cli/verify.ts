import { type AccessTokenClaims, createVerifier, VerifyError } from '../verifier/index.ts'
import { claimsTable } from './claims.ts'
import { CliFault, EXIT } from './exit.ts'
import { call, serverUrl } from './http.ts'
import { argumentOrStdin } from './input.ts'
import { type JsonOption, print, printJson, span } from './output.ts'
import { decodeJwt, looksLikeKey } from './written.ts'

export interface VerifyOptions extends JsonOption {
  audience?: string
  scope?: string
}

/** `latchkey verify <jwt>`: as a resource server of that issuer would, at a server that the environment names. */
export async function verify(argument: string, { audience, scope, json }: VerifyOptions): Promise<void> {
  const url = serverUrl()
  const jwt = await argumentOrStdin(argument, 'token')
  const issuer = issuerOf(jwt, url)
  const claims = await verified(jwt, issuer, audience ?? (await audienceOf(issuer)), scope)
  const now = Date.now()
  const left = claims.exp - now / 1000
  if (json) return printJson({ valid: true, expiresInSeconds: Math.max(0, Math.floor(left)), claims })
  print(`Valid for ${span(left)} more.\n`)
  print(claimsTable(claims, now))
}

/** The token says who made it, but is believed only where that is the server we were told of. */
function issuerOf(jwt: string, url: string): string {
  if (looksLikeKey(jwt)) {
    const detail =
      'This is an API key, not an access token. Exchange it with "latchkey token" and verify what that prints.'
    throw new CliFault(EXIT.invalid, 'malformed_token', detail)
  }
  const decoded = decodeJwt(jwt)
  if (decoded === null) throw invalid(new VerifyError('malformed_token'))
  const { iss } = decoded.claims
  if (typeof iss !== 'string')
    throw invalid(new VerifyError('missing_claim', { message: 'The token has no iss claim.' }))
  if (iss.startsWith(`${url}/`) && /^[a-z][a-z0-9]{0,15}$/.test(iss.slice(url.length + 1))) return iss
  throw wrongIssuer(
    `The token says it comes from ${iss}, and only ${url}/… is trusted. LATCHKEY_URL tells whom to trust.`,
  )
}

async function audienceOf(issuer: string): Promise<string> {
  const metadata = await call<{ issuer?: unknown; protected_resources?: unknown }>(
    `${issuer}/.well-known/oauth-authorization-server`,
  ).catch((error: unknown) => {
    if (error instanceof CliFault && error.code === 'not_found') throw wrongIssuer(`There is no issuer ${issuer}.`)
    throw error
  })
  if (metadata.issuer !== issuer) throw wrongIssuer(`What answers at ${issuer} says that it is another issuer.`)
  const [audience] = Array.isArray(metadata.protected_resources) ? metadata.protected_resources : []
  if (typeof audience === 'string') return audience
  throw new CliFault(EXIT.usage, 'usage', 'The issuer does not tell its audience. Give it with --audience.')
}

async function verified(jwt: string, issuer: string, audience: string, scope?: string): Promise<AccessTokenClaims> {
  const verifier = verifierOf(issuer, audience)
  try {
    return (await verifier.verify(jwt, { scope })).claims
  } catch (error) {
    throw error instanceof VerifyError ? invalid(error) : error
  } finally {
    verifier.close()
  }
}

function verifierOf(issuer: string, audience: string) {
  try {
    return createVerifier({ issuer, audience, revocation: { mode: 'poll' } })
  } catch (error) {
    throw new CliFault(
      EXIT.config,
      'bad_config',
      `LATCHKEY_URL: tokens cannot be verified there: ${(error as Error).message}.`,
    )
  }
}

function invalid({ code, message }: VerifyError): CliFault {
  const unknown = code === 'keys_unavailable' || code === 'status_unavailable'
  return new CliFault(unknown ? EXIT.unavailable : EXIT.invalid, code, message)
}

function wrongIssuer(detail: string): CliFault {
  return new CliFault(EXIT.invalid, 'wrong_issuer', detail)
}
