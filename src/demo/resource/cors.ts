/** Which web pages may call (Fetch, "CORS protocol"). Never with credentials: tokens travel in a header. */
import type { Middleware } from 'koa'

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, DPoP',
  'Access-Control-Max-Age': '600',
}
const EXPOSED = 'WWW-Authenticate, Request-Id, Retry-After, Allow, Location, Content-Disposition'

/**
 * @param openPaths paths that any page may call: public ones, and those for publishable keys, whose allowed origins the
 * issuer checks when it gives the token
 */
export function cors(origins: readonly string[], openPaths: readonly string[]): Middleware {
  const allowed = new Set(origins)
  const open = new Set(openPaths)
  return async (ctx, next) => {
    const origin = ctx.get('Origin')
    const isOpen = open.has(ctx.path)
    if (!isOpen) ctx.vary('Origin')
    if (isOpen || allowed.has(origin)) {
      ctx.set({ 'Access-Control-Allow-Origin': isOpen ? '*' : origin, 'Access-Control-Expose-Headers': EXPOSED })
      if (isPreflight(ctx.method, ctx.headers)) ctx.set(PREFLIGHT)
    }
    if (isPreflight(ctx.method, ctx.headers)) ctx.status = 204
    else await next()
  }
}

function isPreflight(method: string, headers: NodeJS.Dict<string | string[]>): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && 'access-control-request-method' in headers
}
