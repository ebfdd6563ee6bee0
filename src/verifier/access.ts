import type { DpopRequest } from './binding.ts'
import type { AccessTokenClaims } from './claims.ts'
import { VerifyError } from './errors.ts'

/** Scopes: one, several parted by spaces, or a list; all of them are asked for. */
export type ScopeDemand = string | readonly string[]

/** A verified access token: its claims as properties, the same in `claims`, and the question `allows`. */
export interface AccessToken extends AccessTokenClaims {
  readonly claims: AccessTokenClaims
  /**
   * Whether the token grants every scope asked for: for the whole account, or, with `subAccount`, on that one.
   *
   * Scopes of the whole account hold for each of its sub-accounts; scopes of a sub-account never for the whole.
   * Whether the sub-account belongs to the token's `account` only the resource server knows: check that too.
   * Asking for no scope at all is answered `false`.
   */
  allows(scope: ScopeDemand, options?: { subAccount?: string | undefined }): boolean
}

/** What is asked of a token beyond being valid; what is absent or `undefined` is not asked. */
export interface Expectations {
  /** All of them are needed; refused with `insufficient_scope`. */
  scope?: ScopeDemand | undefined
  /** Where the scopes are needed; without `scope`, that the token reaches the sub-account at all. */
  subAccount?: string | undefined
  /** Id of the account that the API key must belong to; refused with `wrong_account`. */
  account?: string | undefined
  /** Id or external id of the holder of the API key; refused with `wrong_holder`. */
  holder?: string | undefined
  /** Proof that came with the token: needed for one that is bound to a key, refused with any other. */
  dpop?: DpopRequest | undefined
}

export function createAccessToken(claims: AccessTokenClaims): AccessToken {
  const wholeAccount = new Set(split(claims.scope ?? ''))
  freezeWithin(claims)
  return Object.freeze({
    ...claims,
    claims,
    allows(scope: ScopeDemand, { subAccount }: { subAccount?: string | undefined } = {}) {
      const scopes = split(scope)
      const onSubAccount = new Set(subAccount === undefined ? [] : actionsOn(claims, subAccount))
      return scopes.length > 0 && scopes.every((each) => wholeAccount.has(each) || onSubAccount.has(each))
    },
  })
}

/** @throws VerifyError `wrong_account`, `wrong_holder`, `insufficient_scope` */
export function checkExpectations(token: AccessToken, expect: Expectations): void {
  const { scope, subAccount, account, holder } = expect
  if (account !== undefined && token.claims.account !== account) throw new VerifyError('wrong_account')
  if (holder !== undefined && !isHeldBy(token.claims, holder)) throw new VerifyError('wrong_holder')
  if (scope !== undefined && !token.allows(scope, { subAccount })) {
    const needed = split(scope).join(' ')
    const where = subAccount === undefined ? '' : ' on this sub-account'
    const message = `The access token does not allow this: it needs the scope ${needed}${where}.`
    throw new VerifyError('insufficient_scope', { message, scope: needed })
  }
  if (scope === undefined && subAccount !== undefined && !reaches(token.claims, subAccount)) {
    throw new VerifyError('insufficient_scope', { message: 'The access token does not reach this sub-account.' })
  }
}

/** One object answers for all who send the same token: nobody may change it for the others. */
function freezeWithin(claims: object): void {
  const left: object[] = [claims]
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    Object.freeze(value)
    for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) left.push(member)
  }
}

function split(scope: ScopeDemand): string[] {
  return [scope].flat().flatMap((each) => each.split(' ').filter((part) => part !== ''))
}

function actionsOn(claims: AccessTokenClaims, subAccount: string): readonly string[] {
  return (claims.authorization_details ?? [])
    .filter(({ type, identifier }) => type === 'sub_account' && identifier === subAccount)
    .flatMap(({ actions }) => actions ?? [])
}

function reaches(claims: AccessTokenClaims, subAccount: string): boolean {
  return split(claims.scope ?? '').length > 0 || actionsOn(claims, subAccount).length > 0
}

function isHeldBy({ holder }: AccessTokenClaims, idOrExternalId: string): boolean {
  // An empty external id is none: whoever asks for nobody must not find somebody.
  if (holder === undefined || idOrExternalId === '') return false
  return holder.id === idOrExternalId || holder.externalId === idOrExternalId
}
