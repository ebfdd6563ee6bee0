/** From a declared operation to Koa: the verifier's middleware first, then what came in, then the handler. */
import type { Router, RouterContext } from '@koa/router'
import type { KoaProtect, TokenState } from '../../verifier/koa.ts'
import { parseBody, parseParams, parseQuery } from './input.ts'
import type { Api, Operation, Reply } from './operation.ts'
import { insufficientScope, ResourceRefusal } from './problems.ts'

export type Context = RouterContext<TokenState>

export function mount(router: Router<TokenState>, api: Api, protect: KoaProtect, now: () => number): void {
  for (const operation of api.operations) {
    // Where rows belong to sub-accounts, any valid token comes in, and `demandSomewhere` asks what it may see.
    const admit = operation.perSubAccount ? protect<Context>() : protect<Context>(operation.scope)
    const realm = protect.verifier.audience
    const handle = async (ctx: Context): Promise<void> => {
      if (operation.perSubAccount) demandSomewhere(ctx, operation, realm)
      send(ctx, operation.handle({ ...(await readInput(ctx, api, operation)), now: now(), realm }))
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

function demandSomewhere({ state: { token } }: Context, { scope }: Operation, realm: string): void {
  const details = token.claims.authorization_details ?? []
  const places = [undefined, ...details.map(({ identifier }) => identifier)]
  if (!places.some((subAccount) => token.allows(scope, { subAccount }))) throw insufficientScope(scope, realm)
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
