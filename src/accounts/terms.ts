import { Refusal } from '../errors.ts'
import type { Change, Target } from '../events/changes.ts'
import type { AccountDeps } from './create.ts'
import type { TermsAcceptance } from './rules.ts'
import { accountThing, type ShownAccount } from './shape.ts'

/**
 * Accepts the current version, online or as it was signed on paper. The same once more: nothing happens.
 *
 * @throws Refusal `terms_outdated` for any other version
 */
export function acceptTerms(
  { catalog, changes, now }: AccountDeps,
  target: Target,
  wish: Pick<TermsAcceptance, 'version' | 'method' | 'reference'>,
): Promise<ShownAccount> {
  const { version } = catalog.terms
  return changes.change(accountThing(catalog), target, ({ terms }): Change<'accounts'> => {
    if (wish.version !== version) {
      const detail = `The current version of the terms is ${version} (${catalog.terms.url}). Read and accept that one.`
      throw new Refusal('terms_outdated', { detail })
    }
    const { type, id, name } = target.asker.actor
    const same = terms?.version === version && terms.method === wish.method && terms.reference === wish.reference
    return {
      to: same ? null : { terms: { ...wish, at: now(), by: { type, id, name } } },
      event: 'terms.accepted',
      data: { ...wish },
    }
  })
}
