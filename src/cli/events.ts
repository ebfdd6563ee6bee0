/** The `latchkey events` family on the command line. */
import { type Command, Option } from 'commander'
import { positiveInteger } from './input.ts'

export function addEvents(program: Command): void {
  const events = program
    .command('events')
    .description('the audit log of an account, at a running server (LATCHKEY_URL, LATCHKEY_KEY)')
  events
    .command('list')
    .description('list events')
    .option('--account <id>', 'account; your own unless said')
    .option('--type <type>', 'only these, such as key.created')
    .option('--subject <id>', 'only those about this key, holder, member and so on')
    .option('--after <seq>', 'start behind this seq', positiveInteger)
    .addOption(new Option('--order <order>', 'oldest or newest first').choices(['asc', 'desc']).default('asc'))
    .option('--limit <n>', 'at most so many', positiveInteger, 1000)
    .option('--json', 'print {items, nextCursor} as JSON')
    .action(async (options) => (await import('./events-list.ts')).listEvents(options))
  events
    .command('verify')
    .description('prove that nobody has changed the log in the database; exit code 6 where somebody has')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'print {ok, checked, firstBad} as JSON')
    .action(async (options) => (await import('./events-verify.ts')).verifyEvents(options))
}
