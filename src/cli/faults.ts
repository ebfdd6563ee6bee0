import { CatalogFault } from '../catalog.ts'
import { ConfigFault } from '../config.ts'
import { Refusal } from '../errors.ts'
import { SecretsFault } from '../secrets.ts'
import { StoreUnavailable } from '../store/store.ts'
import { asFault, CliFault, EXIT } from './exit.ts'

/** Why a server or a store did not start, for the operator's eyes. */
export function startFault(error: unknown, env: NodeJS.ProcessEnv = process.env): CliFault {
  if (error instanceof ConfigFault || error instanceof CatalogFault || error instanceof SecretsFault) {
    return new CliFault(EXIT.config, 'bad_config', error.message)
  }
  if (error instanceof StoreUnavailable) {
    const why = (error.cause as Error | undefined)?.message ?? error.message
    return new CliFault(EXIT.unavailable, 'store_unavailable', `The store cannot be reached: ${why}`)
  }
  if (error instanceof Refusal) return new CliFault(EXIT.refused, error.code, error.message)
  return listenFault(error, env) ?? asFault(error)
}

function listenFault(error: unknown, env: NodeJS.ProcessEnv): CliFault | null {
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  const variable = port === Number(env.DEMO_RESOURCE_PORT || 3001) ? 'DEMO_RESOURCE_PORT' : 'PORT'
  const said = {
    EADDRINUSE: `Port ${port} is taken. Set ${variable} to another one.`,
    EACCES: port === undefined ? undefined : `Port ${port} may not be listened on. Set ${variable} to one above 1023.`,
    EADDRNOTAVAIL: `This machine has no address ${address}. Set HOST to one that it has.`,
  }[code ?? '']
  return said === undefined ? null : new CliFault(EXIT.config, 'bad_config', said)
}
