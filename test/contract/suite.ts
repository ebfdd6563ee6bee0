/** The contract of {@link Store}: whatever every adapter has to do, in one process. */
import { commitContract } from './commits.ts'
import type { Open } from './harness.ts'
import { hostileContract } from './hostile.ts'
import { mergeContract } from './merges.ts'
import { pageContract } from './pages.ts'
import { readContract } from './reads.ts'

export function storeContract(name: string, open: Open): void {
  describe(`${name}: the contract of a store`, () => {
    describe('reading', () => readContract(open))
    describe('round trips', () => hostileContract(open))
    describe('pages', () => pageContract(open))
    describe('commits', () => commitContract(open))
    describe('merges', () => mergeContract(open))
  })
}
