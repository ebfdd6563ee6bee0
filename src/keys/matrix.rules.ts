/** The permission matrix: a row a key, and what is wrong with rows that cannot be written. */
import { type FieldFault, Refusal } from '../errors.ts'
import type { Grant } from './rights.rules.ts'

export interface MatrixRow {
  keyId: string
  /** As it was read. */
  version: number
  grants: Grant[]
}

/** A key stands in one row, or it would be unclear what it is to have. @throws Refusal `invalid_request` */
export function requireEachOnce(rows: readonly MatrixRow[]): void {
  const first = new Map(rows.map(({ keyId }, i) => [keyId, i] as const).reverse())
  const errors = rows.flatMap(({ keyId }, i): FieldFault[] =>
    first.get(keyId) === i
      ? []
      : [{ pointer: `/rows/${i}/keyId`, detail: 'stands in another row too; name each key once.' }],
  )
  if (errors.length > 0) throw new Refusal('invalid_request', { errors })
}

/** What is wrong with one row, told of that row. */
export function ofRow({ code, facts, message }: Refusal, i: number): Refusal {
  const errors = facts.errors?.map(({ pointer, detail }) => ({ pointer: `/rows/${i}${pointer}`, detail }))
  return new Refusal(code, { ...facts, detail: `Row ${i}: ${message}`, ...(errors === undefined ? {} : { errors }) })
}
