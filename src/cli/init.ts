import { z } from 'zod'
import {
  type AdminWish,
  type Initialised,
  type Invited,
  initialise,
  type LetIn,
  recoverAdmin,
} from '../accounts/init.ts'
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

/** `account`, `key` and `secret` are null with --recover; of invitation and password link there is one. */
function asJson(made: Invited | Initialised | LetIn): Record<string, unknown> {
  const { account, key, secret } = 'key' in made ? made : { account: null, key: null, secret: null }
  const expiresAt = new Date(made.expiresAt).toISOString()
  const none = { invitationUrl: null, invitationExpiresAt: null, passwordUrl: null, passwordUrlExpiresAt: null }
  const link =
    'passwordUrl' in made
      ? { passwordUrl: made.passwordUrl, passwordUrlExpiresAt: expiresAt }
      : { invitationUrl: made.invitationUrl, invitationExpiresAt: expiresAt }
  return { account, member: made.member, ...none, ...link, key, secret }
}

function told(made: Invited | Initialised | LetIn): string {
  if ('passwordUrl' in made) return letInText(made)
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

function letInText({ was, member, passwordUrl, expiresAt }: LetIn): string {
  const who = `${member.name} <${member.email}>`
  return [
    was === 'admin'
      ? `${who} is an active admin already, and stays so.`
      : `${who} was ${was}, and is admin from now on.`,
    `Whoever opens this link chooses a new password for them, which ends all of their sessions. Until then the present`,
    `password works. It is good once and until ${utc(expiresAt)}:`,
    passwordUrl,
  ].join('\n')
}
