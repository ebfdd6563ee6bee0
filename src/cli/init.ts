import { z } from 'zod'
import { type AdminWish, type Initialised, type Invited, initialise, recoverAdmin } from '../accounts/init.ts'
import { CliFault, EXIT } from './exit.ts'
import { offline } from './offline.ts'
import { type JsonOption, print, printJson, remark, utc } from './output.ts'

export interface InitOptions extends JsonOption {
  email: string
  name: string
  recover?: boolean
}

const wishShape = z.object({ email: z.email().max(254), name: z.string().trim().min(1).max(100) })

/** `latchkey init`: the first admin and the first key of an installation, without a server. */
export async function init({ json, recover = false, ...given }: InitOptions): Promise<void> {
  const wish = readWish(given)
  const { made, notices } = await offline(process.env, async ({ notices, ...deps }) => ({
    notices,
    made: recover ? await recoverAdmin(deps, wish) : await initialise(deps, wish),
  }))
  for (const notice of notices) remark(notice)
  if (json) return printJson(asJson(made))
  print(told(made))
  remark('Shown once: keep what is above in a safe place.')
}

function readWish(given: { email: string; name: string }): AdminWish {
  const { success, data } = wishShape.safeParse(given)
  if (success) return data
  throw new CliFault(EXIT.usage, 'usage', '--email must be an e-mail address, and --name 1 to 100 characters.')
}

/** `account`, `key` and `secret` are null with --recover. */
function asJson(made: Invited | Initialised): Record<string, unknown> {
  const { member, invitationUrl, expiresAt } = made
  const { account, key, secret } = 'key' in made ? made : { account: null, key: null, secret: null }
  return { account, member, invitationUrl, invitationExpiresAt: new Date(expiresAt).toISOString(), key, secret }
}

function told(made: Invited | Initialised): string {
  const { member, invitationUrl, expiresAt } = made
  const invitation = [
    `Invitation of ${member.name} <${member.email}> as admin, good once and until ${utc(expiresAt)}:`,
    invitationUrl,
  ]
  if (!('key' in made)) return invitation.join('\n')
  const { account, key, secret } = made
  const apis = account.namespaces.join(', ')
  const first = `Made account ${account.id} on plan ${account.plan}, with ${apis}.`
  return [first, '', ...invitation, '', `Manage key ${key.id}, with every scope:`, secret].join('\n')
}
