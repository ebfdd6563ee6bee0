/** Who asks for something of a key, as its routes know it. */
import type { z } from 'zod'
import { askerOf } from '../web/asker.ts'
import { grantableScopes } from '../web/principal.ts'
import type { Input } from '../web/route.ts'
import type { KeyAsker } from './create.ts'
import type { keyParams } from './shape.ts'
import type { KeyInAccount } from './suspend.ts'

type Called<P> = Input<P, unknown, unknown>

/** For acts that give rights: nobody grants more than they have. */
export function granterOf(input: Called<{ account: string }>): KeyAsker {
  const { account } = input.params
  return { ...askerOf(input, account), bound: true, grantable: grantableScopes(input.caller, account) }
}

/** The key that the path names, and who asks. */
export function targetOf(input: Called<z.output<typeof keyParams>>): KeyInAccount {
  const { account, key: id } = input.params
  return { account, id, asker: askerOf(input, account) }
}
