/** The `latchkey accounts`, `namespaces` and `terms` families on the command line. */
import type { Command } from 'commander'
import type { ShownAccount } from '../accounts/shape.ts'
import { CUSTOM_DATA, host } from './input.ts'
import { type Manage, manage } from './manage.ts'
import { fields, type JsonOption, print, printJson, utc } from './output.ts'
import { actOnThing, createThing, editThing, listThings, printThing, showThing, type Things } from './things.ts'

const JSON_HELP = 'print the answer of the API as JSON'
const HOST = [
  '--host <namespace=url>',
  "where the API of a namespace is; 'v2=' for the catalog's own; repeatable",
] as const

const ACCOUNTS: Things<ShownAccount> = {
  path: '/accounts',
  head: ['ID', 'NAME', 'PLAN', 'NAMESPACES', 'TERMS', 'STATUS'],
  row: ({ id, name, plan, namespaces, terms, status }) => [
    id,
    name,
    plan,
    namespaces.join(' '),
    terms.accepted?.version ?? 'not accepted',
    status,
  ],
  lines: ({ id, name, plan, namespaces, hosts, terms, status, createdAt }) => [
    ['name', name],
    ['id', id],
    ['status', status],
    ['plan', plan],
    ['namespaces', namespaces.join(' ')],
    ['hosts', Object.values(hosts).join('\n')],
    ['terms', termsText(terms)],
    ['created', utc(createdAt)],
  ],
}

function termsText({ current, accepted }: ShownAccount['terms']): string {
  if (accepted === null) return `${current} not accepted`
  const { version, at, by, method, reference } = accepted
  const where = reference === null ? '' : `, ${reference}`
  return `${version} accepted ${utc(at)} by ${by.name}, ${method}${where}${version === current ? '' : ` (now ${current})`}`
}

/** Of an account that is named: no other has to be found out first. */
const by = (account: string): Promise<Manage> => manage(account)

export function addAccounts(program: Command): void {
  const accounts = program.command('accounts').description('accounts; most of it is for the operator')
  accounts
    .command('list')
    .description('list accounts that you may see')
    .option('--status <status>', 'active or suspended')
    .option('--plan <id>', 'only accounts on this plan')
    .option('--query <text>', 'part of the id or the name')
    .option('--json', 'print {items, nextCursor} as JSON')
    .action(async ({ json, query: q, ...filters }) =>
      listThings(await manage(undefined), ACCOUNTS, { ...filters, q }, json),
    )
  accounts
    .command('show <id>')
    .description('describe an account')
    .option('--json', JSON_HELP)
    .action(async (id, { json }) => showThing(await by(id), ACCOUNTS, id, json))
  accounts
    .command('create')
    .description('create an account')
    .requiredOption('--name <name>', 'what people call it')
    .requiredOption('--plan <id>', 'plan of the catalog')
    .option('--id <slug>', 'made from the name unless said')
    .option(...HOST, host)
    .option(...CUSTOM_DATA)
    .option('--json', JSON_HELP)
    .action(async ({ json, host: hosts, ...wish }) =>
      createThing(await manage(undefined), ACCOUNTS, { ...wish, hosts }, json),
    )
  accounts
    .command('edit <id>')
    .description('change name, plan, hosts or custom data')
    .option('--name <name>', 'what people call it')
    .option('--plan <id>', 'a smaller plan ends the tokens that had more')
    .option(...HOST, host)
    .option(...CUSTOM_DATA)
    .option('--json', JSON_HELP)
    .action(async (id, { json, host: hosts, ...same }) =>
      editThing(await by(id), ACCOUNTS, id, { change: { ...same, hosts }, json }),
    )
  for (const verb of ['suspend', 'resume']) {
    accounts
      .command(`${verb} <id>`)
      .description(`${verb} an account`)
      .option('--json', JSON_HELP)
      .action(async (id, { json }) => actOnThing(await by(id), ACCOUNTS, id, { verb, json }))
  }
}

export function addNamespaces(program: Command): void {
  const namespaces = program.command('namespaces').description('which API namespaces are open to an account')
  for (const [verb, method] of [
    ['enable', 'PUT'],
    ['disable', 'DELETE'],
  ] as const) {
    namespaces
      .command(`${verb} <namespace>`)
      .description(`${verb} a namespace for an account`)
      .requiredOption('--account <id>', 'the account')
      .option('--json', JSON_HELP)
      .action(async (namespace: string, { account, json }: JsonOption & { account: string }) => {
        const path = `/namespaces/${encodeURIComponent(namespace)}`
        printThing(ACCOUNTS, await (await by(account)).call<ShownAccount>(path, { method }), json)
      })
  }
}

export function addTerms(program: Command): void {
  program
    .command('terms')
    .description('which API terms hold for an account, and who accepted them; people accept them, signed in')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', JSON_HELP)
    .action(async ({ account, json }: JsonOption & { account?: string }) => {
      const terms = await (await manage(account)).call<ShownAccount['terms']>('/terms')
      if (json) printJson(terms)
      else
        print(
          fields([
            ['terms', termsText(terms)],
            ['required from', utc(terms.requiredFrom)],
          ]),
        )
    })
}
