/** From a declared operation to Koa: the verifier's middleware first, then what came in, then the handler. */
import type { Router, RouterContext } from '@koa/router'
import type { KoaProtect, TokenState } from '../../verifier/koa.ts'
import { parseBody, parseParams, parseQuery } from './input.ts'
import type { Api, Operation, Reply } from './operation.ts'
import { insufficientScope, ResourceRefusal } from './problems.ts'

export type Context = RouterContext<TokenState>

export interface Guarded {
  protect: KoaProtect
  /** URL of the protected resource metadata. */
  resourceMetadata: string
  /** ms since 1970 */
  now: () => number
}

export function mount(router: Router<TokenState>, api: Api, { protect, resourceMetadata, now }: Guarded): void {
  for (const operation of api.operations) {
    // Where rows belong to sub-accounts, any valid token comes in, and `demandSomewhere` asks what it may see.
    const admit = operation.perSubAccount ? protect<Context>() : protect<Context>(operation.scope)
    const handle = async (ctx: Context): Promise<void> => {
      const scheme = ctx.state.token.cnf === undefined ? 'Bearer' : 'DPoP'
      const challenge = `${scheme} realm="${protect.verifier.audience}", resource_metadata="${resourceMetadata}"`
      if (operation.perSubAccount) demandSomewhere(ctx, operation, challenge)
      send(ctx, operation.handle({ ...(await readInput(ctx, api, operation)), now: now(), challenge }))
    }
    router[operation.method](routerPath(operation.path), admit, handle)
  }
}

async function readInput(ctx: Context, api: Api, operation: Operation) {
  const { token } = ctx.state
  const { account } = token.claims
  if (account === undefined) throw new ResourceRefusal('wrong_account', 'The access token names no account.')
  const params = parseParams(operation, ctx.params)
  const query = parseQuery(operation, ctx.query)
  const body = await parseBody(operation, ctx.req)
  return { params, query, body, token, data: api.dataOf(account) }
}

function demandSomewhere({ state: { token } }: Context, { scope }: Operation, challenge: string): void {
  const details = token.claims.authorization_details ?? []
  const places = [undefined, ...details.map(({ identifier }) => identifier)]
  if (!places.some((subAccount) => token.allows(scope, { subAccount }))) throw insufficientScope(scope, challenge)
}

function send(ctx: Context, { status, headers = {}, type, body }: Reply): void {
  ctx.status = status
  // Answers are for one account only.
  ctx.set({ 'Cache-Control': 'no-store', ...headers })
  if (body === undefined) return
  ctx.type = type ?? 'application/json'
  ctx.body = typeof body === 'string' ? body : JSON.stringify(body)
}

/** `{name}` as Koa's router writes it. */
function routerPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}
