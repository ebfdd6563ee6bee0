import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addAccounts, addNamespaces, addTerms } from './accounts.ts'
import { addDocumentation } from './documentation.ts'
import { addEvents } from './events.ts'
import { asFault, CliFault, EXIT, EXIT_HELP, faultText, redact } from './exit.ts'
import { addExport } from './export.ts'
import { addHolders, addSubAccounts } from './holders.ts'
import { positiveInteger } from './input.ts'
import { addKeys } from './keys.ts'
import { addMatrix } from './matrix.ts'
import { addMembers } from './members.ts'
import { addRevocations } from './revocations.ts'
import { addSigningKeys } from './signing-keys.ts'
import { addUsage } from './usage.ts'

const EPILOGUE = `
A running server is found by LATCHKEY_URL (http://localhost:3000 unless set); whatever manages it also needs
LATCHKEY_KEY, a key of namespace manage. "serve" and "init" read the environment that docs/configuration.md lists. Where
a key or a token is asked for, "-" reads it from stdin, so that it is in no shell history. With --json, errors are JSON
on stderr: {code, detail, requestId}.

${EXIT_HELP}`

/** @param argv as Node has it: the first two are no arguments */
export async function main(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json')
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  )
  try {
    await createProgram(json).parseAsync(argv)
  } catch (error) {
    const fault = asFault(error)
    process.stderr.write(faultText(fault, json))
    process.exit(fault.exit)
  }
}

function createProgram(json: boolean): Command {
  const program = new Command('latchkey')
    .description('Issues short-lived scoped tokens for long-lived API keys.')
    .version(version(), '--version', 'print the version')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage))
    .showHelpAfterError(!json)
    .configureOutput({ outputError: (text, write) => write(usageError(text, json)) })
    .addHelpText('after', EPILOGUE)
  addOffline(program)
  addTokens(program)
  addKeys(program)
  addMatrix(program)
  addMembers(program)
  addHolders(program)
  addSubAccounts(program)
  addAccounts(program)
  addNamespaces(program)
  addTerms(program)
  addEvents(program)
  addUsage(program)
  addExport(program)
  addDocumentation(program)
  addRevocations(program)
  addSigningKeys(program)
  return program
}

function addOffline(program: Command): void {
  program
    .command('serve')
    .description('run the server')
    .action(async () => (await import('./serve.ts')).serve())
  program
    .command('init')
    .description('in an empty store: account operator, one invited admin, one manage key')
    .option('--email <address>', 'of the admin', 'admin@example.com')
    .option('--name <name>', 'of the admin', 'Administrator')
    .option(
      '--recover',
      'where there is an admin already: invite one more, or make an active member one, with a link to a new password',
    )
    .option('--json', 'print {account, member, invitationUrl, invitationExpiresAt, key, secret} as JSON')
    .action(async (options) => (await import('./init.ts')).init(options))
}

function addTokens(program: Command): void {
  program
    .command('token <key>')
    .description('exchange a key for an access token, and print it')
    .option('--scope <scopes>', 'narrow it to these scopes, parted by spaces')
    .option('--sub-account <id>', 'narrow it to this sub-account')
    .option('--ttl <seconds>', 'a shorter life', positiveInteger)
    .option('--json', 'print the answer of the API as JSON')
    .action(async (key, options) => (await import('./token.ts')).token(key, options))
  program
    .command('verify <jwt>')
    .description('verify an access token that the server at LATCHKEY_URL issued')
    .option('--audience <audience>', "the API it is for; the issuer's own unless said")
    .option('--scope <scopes>', 'scopes that it must allow')
    .option('--json', 'print {valid, expiresInSeconds, claims} as JSON')
    .action(async (jwt, options) => (await import('./verify.ts')).verify(jwt, options))
  program
    .command('inspect <text>')
    .description('tell what a key or a JWT says of itself, without any network and without verifying it')
    .option('--json', 'print {type, …} as JSON')
    .action(async (text, options) => (await import('./inspect.ts')).inspect(text, options))
}

/** What commander says of a wrong command line, and the same as a fault; a key may stand in it. */
function usageError(text: string, json: boolean): string {
  const detail = text.replace(/^error: /, '').trimEnd()
  if (json) return faultText(new CliFault(EXIT.usage, 'usage', detail), true)
  return redact(text.replace(/^error: /, 'latchkey: '))
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
