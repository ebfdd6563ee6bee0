/** The `latchkey holders` and `sub-accounts` families on the command line. */
import { type Command, Option } from 'commander'
import { HOLDER_TYPES } from '../holders/rules.ts'
import type { ShownHolder } from '../holders/shape.ts'
import type { ShownSubAccount } from '../sub-accounts/shape.ts'
import { CUSTOM_DATA, collect, grant } from './input.ts'
import { rightsInShort } from './keys-list.ts'
import { type Manage, manage } from './manage.ts'
import { utc } from './output.ts'
import { actOnThing, createThing, deleteThing, editThing, listThings, showThing, type Things } from './things.ts'

const JSON_HELP = 'print the answer of the API as JSON'

const holdersOf = ({ account }: Manage): Things<ShownHolder> => ({
  path: `/accounts/${encodeURIComponent(account)}/holders`,
  head: ['NAME', 'ID', 'TYPE', 'EXTERNAL ID', 'CEILING', 'STATUS'],
  row: ({ name, id, type, externalId, grants, status }) => [
    name,
    id,
    type,
    externalId ?? '-',
    grants === null ? '-' : rightsInShort(grants),
    status,
  ],
  lines: ({ name, id, type, externalId, email, grants, status, flags, createdAt }) => [
    ['name', name],
    ['id', id],
    ['type', type],
    ['status', status],
    ['external id', externalId],
    ['email', email],
    ['ceiling', grants === null ? null : grantLines(grants)],
    ['flags', flags.length === 0 ? null : flags.join('\n')],
    ['created', utc(createdAt)],
  ],
})

function grantLines(grants: NonNullable<ShownHolder['grants']>): string {
  return grants.map((g) => `${g.subAccount === null ? '' : `${g.subAccount}=`}${g.scopes.join(' ')}`).join('\n')
}

const subAccountsOf = ({ account }: Manage): Things<ShownSubAccount> => ({
  path: `/accounts/${encodeURIComponent(account)}/sub-accounts`,
  head: ['ID', 'NAME', 'KIND', 'STATUS'],
  row: ({ id, name, kind, status }) => [id, name, kind, status],
  lines: ({ id, name, kind, status, createdAt }) => [
    ['name', name],
    ['id', id],
    ['kind', kind],
    ['status', status],
    ['created', utc(createdAt)],
  ],
})

export function addHolders(program: Command): void {
  const holders = program.command('holders').description('for whom keys are: partners, affiliates, vendors and so on')
  withAccount(holders.command('list').description('list holders'))
    .addOption(new Option('--type <type>', 'only of this type').choices(HOLDER_TYPES))
    .option('--status <status>', 'onboarding, active or suspended')
    .option('--query <text>', 'part of the name, the external id or the e-mail')
    .action(async ({ account, json, query: q, ...filters }) => {
      const session = await manage(account)
      await listThings(session, holdersOf(session), { ...filters, q }, json)
    })
  withWish(holders.command('create').description('create a holder'))
    .addOption(new Option('--type <type>', 'what they are').choices(HOLDER_TYPES).makeOptionMandatory())
    .action(async ({ account, json, ...options }) => {
      const session = await manage(account)
      await createThing(session, holdersOf(session), wishOf(options), json)
    })
  withWish(holders.command('edit <id>').description('change a holder')).action(
    async (id, { account, json, ...options }) => {
      const session = await manage(account)
      await editThing(session, holdersOf(session), id, { change: wishOf(options), json })
    },
  )
  addCommon(holders, 'holder', holdersOf)
}

export function addSubAccounts(program: Command): void {
  const subAccounts = program.command('sub-accounts').description('parts of an account that a grant may be limited to')
  withAccount(subAccounts.command('list').description('list sub-accounts'))
    .option('--status <status>', 'active or suspended')
    .option('--kind <kind>', 'only of this kind')
    .action(async ({ account, json, ...filters }) => {
      const session = await manage(account)
      await listThings(session, subAccountsOf(session), filters, json)
    })
  withAccount(subAccounts.command('create').description('create a sub-account'))
    .requiredOption('--name <name>', 'what people call it')
    .option('--id <slug>', 'made from the name unless said')
    .option('--kind <kind>', 'primary unless said')
    .option(...CUSTOM_DATA)
    .action(async ({ account, json, ...wish }) => {
      const session = await manage(account)
      await createThing(session, subAccountsOf(session), wish, json)
    })
  withAccount(subAccounts.command('edit <id>').description('change a sub-account'))
    .option('--name <name>', 'what people call it')
    .option('--kind <kind>', 'what sort of part it is')
    .option(...CUSTOM_DATA)
    .action(async (id, { account, json, ...change }) => {
      const session = await manage(account)
      await editThing(session, subAccountsOf(session), id, { change, json })
    })
  addCommon(subAccounts, 'sub-account', subAccountsOf)
}

function withAccount(command: Command): Command {
  return command.option('--account <id>', 'account; your own unless said').option('--json', JSON_HELP)
}

function withWish(command: Command): Command {
  return withAccount(command)
    .option('--name <name>', 'what people call them')
    .option('--external-id <id>', 'your own id of them')
    .option('--email <address>', 'where they are reached')
    .option('--grant <scopes>', 'ceiling over their keys, as for keys; repeatable', grant)
    .option('--flag <text>', 'a warning to whoever makes a key for them; repeatable', collect)
    .option(...CUSTOM_DATA)
}

function wishOf({ grant: grants, flag: flags, ...same }: Record<string, unknown>): object {
  return { ...same, grants, flags }
}

/** show, suspend, resume, delete */
function addCommon<T extends { version: number }>(
  family: Command,
  what: string,
  of: (session: Manage) => Things<T>,
): void {
  withAccount(family.command('show <id>').description(`describe a ${what}`)).action(async (id, { account, json }) => {
    const session = await manage(account)
    await showThing(session, of(session), id, json)
  })
  for (const verb of ['suspend', 'resume']) {
    withAccount(family.command(`${verb} <id>`).description(`${verb} a ${what}`)).action(
      async (id, { account, json }) => {
        const session = await manage(account)
        await actOnThing(session, of(session), id, { verb, json })
      },
    )
  }
  family
    .command('delete <id>')
    .description(`delete a ${what} that nothing names`)
    .option('--account <id>', 'account; your own unless said')
    .action(async (id, { account }) => {
      const session = await manage(account)
      await deleteThing(session, of(session), id)
    })
}
