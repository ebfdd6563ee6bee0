/** `latchkey/verify/express` */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken } from './access.ts'
import { type Admittee, createGuard, type Demand, type ProtectOptions, readDemand } from './guard.ts'
import type { Verifier, VerifierOptions } from './verify.ts'

declare global {
  namespace Express {
    interface Request {
      /** The verified access token, behind Latchkey's middleware. */
      token?: AccessToken
    }
  }
}

export type ExpressMiddleware<Request extends IncomingMessage> = (
  req: Request,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>

/** Makes middleware for one demand. */
export interface ExpressProtect {
  /** @param demand scopes, or an object whose members may be functions of `req`; nothing: any valid token will do */
  <Request extends IncomingMessage = IncomingMessage>(demand?: Demand<Request>): ExpressMiddleware<Request>
  readonly verifier: Verifier
}

/**
 * Protects the routes of an Express application; the verified token is `req.token`.
 *
 * ```ts
 * const protect = latchkey({ issuer, audience })
 * app.use(protect())
 * app.get('/links', protect('links:read'), listLinks)
 * const onSubAccount = protect({ scope: 'orders:read', subAccount: (req: Request) => req.params.subAccount })
 * app.get('/sub-accounts/:subAccount/orders', onSubAccount, listOrders)
 * ```
 *
 * Refusals are answered as problem details (RFC 9457) with the challenges of RFC 6750 and RFC 9449: 401 for a token
 * that is missing or not valid, 403 for one that does not suffice, 503 with Retry-After while that cannot be told, 400
 * for two headers.
 *
 * @param source options of a verifier, or one that exists
 * @throws TypeError where an option is wrong
 */
export function latchkey(source: VerifierOptions | Verifier, options?: ProtectOptions): ExpressProtect {
  const guard = createGuard(source, options)
  const protect =
    <Request extends IncomingMessage>(demand?: Demand<Request>): ExpressMiddleware<Request> =>
    async (req, res, next) => {
      try {
        const admission = await guard.admit(admittee(req), () => readDemand(demand, req))
        if ('refusal' in admission) {
          const { status, headers, body } = admission.refusal
          res.writeHead(status, headers).end(body)
          return
        }
        Object.assign(req, { token: admission.token })
      } catch (error) {
        next(error)
        return
      }
      next()
    }
  return Object.assign(protect, { verifier: guard.verifier })
}

function admittee(req: IncomingMessage & { originalUrl?: string }): Admittee {
  const { headers, headersDistinct, method, originalUrl = req.url ?? '' } = req
  return { headers, headersDistinct, method, originalUrl }
}
