/** `latchkey/verify/koa` */
import type { IncomingMessage } from 'node:http'
import type { AccessToken } from './access.ts'
import { type Admittee, createGuard, type Demand, type ProtectOptions, readDemand } from './guard.ts'
import type { Verifier, VerifierOptions } from './verify.ts'

/** The part of Koa's context that is used here, so that Koa is no dependency. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly state: object
  /** Path and query as they came in. */
  readonly originalUrl: string
  status: number
  body: unknown
  set(headers: Record<string, string>): unknown
}

/** Koa's `ctx.state` behind the middleware: `new Koa<TokenState>()`. */
export interface TokenState {
  token: AccessToken
}

export type KoaMiddleware<Context extends KoaContext> = (ctx: Context, next: () => Promise<unknown>) => Promise<void>

/** Makes middleware for one demand. */
export interface KoaProtect {
  /** @param demand scopes, or an object whose members may be functions of `ctx`; nothing: any valid token will do */
  <Context extends KoaContext = KoaContext>(demand?: Demand<Context>): KoaMiddleware<Context>
  readonly verifier: Verifier
}

/**
 * Protects the routes of a Koa application; the verified token is `ctx.state.token`.
 *
 * ```ts
 * const protect = latchkey({ issuer, audience })
 * app.use(protect())
 * router.get('/links', protect('links:read'), listLinks)
 * const onSubAccount = protect({ scope: 'orders:read', subAccount: (ctx: RouterContext) => ctx.params.subAccount })
 * router.get('/sub-accounts/:subAccount/orders', onSubAccount, listOrders)
 * ```
 *
 * Refusals are answered as problem details (RFC 9457) with the challenges of RFC 6750 and RFC 9449: 401 for a token
 * that is missing or not valid, 403 for one that does not suffice, 503 with Retry-After while that cannot be told, 400
 * for two headers.
 *
 * @param source options of a verifier, or one that exists
 * @throws TypeError where an option is wrong
 */
export function latchkey(source: VerifierOptions | Verifier, options?: ProtectOptions): KoaProtect {
  const guard = createGuard(source, options)
  const protect =
    <Context extends KoaContext>(demand?: Demand<Context>): KoaMiddleware<Context> =>
    async (ctx, next) => {
      const admission = await guard.admit(admittee(ctx), () => readDemand(demand, ctx))
      if ('refusal' in admission) {
        const { status, headers, body } = admission.refusal
        ctx.status = status
        ctx.body = body
        ctx.set(headers)
        return
      }
      Object.assign(ctx.state, { token: admission.token })
      await next()
    }
  return Object.assign(protect, { verifier: guard.verifier })
}

function admittee({ req: { headers, headersDistinct, method }, originalUrl }: KoaContext): Admittee {
  return { headers, headersDistinct, method, originalUrl }
}
