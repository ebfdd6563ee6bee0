/** `latchkey usage`: what keys did in a month. */
import type { Command } from 'commander'
import { manage } from './manage.ts'
import { type JsonOption, print, printJson, table } from './output.ts'

interface UsageOptions extends JsonOption {
  account?: string
  month?: string
  by: string
}

interface Usage {
  groupBy: string[]
  total: Record<string, number>
  items: Record<string, string | number | null>[]
}

export function addUsage(program: Command): void {
  program
    .command('usage')
    .description('what keys did in a month')
    .option('--month <YYYY-MM>', 'UTC; this month unless said')
    .option('--by <groups>', 'some of day,key,holder,scope,namespace', 'day')
    .option('--account <id>', 'account; your own unless said')
    .option('--json', 'print the answer of the API as JSON')
    .action(showUsage)
}

async function showUsage({ account, month, by, json }: UsageOptions): Promise<void> {
  const query = new URLSearchParams({ groupBy: by, ...(month === undefined ? {} : { month }) })
  const usage = await (await manage(account)).call<Usage>(`/usage?${query}`)
  if (json) return printJson(usage)
  const { groupBy, total, items } = usage
  const columns = [...groupBy, ...Object.keys(total)]
  const row = (cells: Record<string, string | number | null>) => columns.map((column) => String(cells[column] ?? '-'))
  const sum = row({
    ...Object.fromEntries(groupBy.map((group) => [group, ''])),
    [groupBy[0] as string]: 'total',
    ...total,
  })
  print(
    table(
      columns.map((column) => column.toUpperCase()),
      [...items.map(row), sum],
    ),
  )
}
