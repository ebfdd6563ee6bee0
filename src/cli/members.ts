/** The `latchkey members` family on the command line. Members are invited by people, signed in: not from here. */
import { type Command, Option } from 'commander'
import { ROLES } from '../people/rules.ts'
import { CUSTOM_DATA } from './input.ts'

const JSON_HELP = 'print the answer of the API as JSON'

export function addMembers(program: Command): void {
  const members = program
    .command('members')
    .description('members of an account, at a running server (LATCHKEY_URL, LATCHKEY_KEY)')
  members
    .command('list')
    .description('list members, all pages')
    .option('--account <id>', 'account; your own unless said')
    .addOption(new Option('--role <role>', 'only members of this role').choices(ROLES))
    .addOption(new Option('--status <status>', 'only these').choices(['invited', 'active', 'disabled']))
    .option('--json', 'print {items, nextCursor} as JSON')
    .action(async (options) => (await import('./members-list.ts')).listMembers(options))
  members
    .command('edit <id>')
    .description('change a member, usr_…; where their rights change, their sessions end')
    .option('--name <name>', 'what people call them')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES))
    .option('--holder <id>', 'for role holder: whose keys they see, hld_…')
    .addOption(new Option('--status <status>', 'whether they may sign in').choices(['active', 'disabled']))
    .option(...CUSTOM_DATA)
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async (id, options) => (await import('./members-edit.ts')).editMember(id, options))
  members
    .command('remove <id>')
    .description('remove a member, usr_…, or cancel an invitation')
    .option('--account <id>', 'account; your own unless said')
    .option('--yes', 'do not ask')
    .action(async (id, options) => (await import('./members-remove.ts')).removeMember(id, options))
}
