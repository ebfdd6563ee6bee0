import { OPERATOR } from '../accounts/rules.ts'
import type { Store } from '../store/store.ts'
import { BLOCK_SIZE, listId, newList, permute, placeOf, type StatusList, type StatusRef } from './rules.ts'

export interface Allocator {
  /** A status index of the namespace that was never used before. */
  take(namespace: string): Promise<StatusRef>
}

interface Block {
  list: StatusList
  next: number
  end: number
}

/** Takes indexes in blocks; what is left of a block when the process ends stays unused for good. */
export function createAllocator(store: Store, random: (bytes: number) => Buffer): Allocator {
  const blocks = new Map<string, Promise<Block>>()
  return {
    async take(namespace) {
      for (;;) {
        const pending = blocks.get(namespace) ?? reserve(store, namespace, random)
        blocks.set(namespace, pending)
        try {
          const block = await pending
          if (block.next < block.end) {
            return { list: block.list.id, index: permute(block.next++, block.list.seed) }
          }
        } catch (error) {
          if (blocks.get(namespace) === pending) blocks.delete(namespace)
          throw error
        }
        if (blocks.get(namespace) === pending) blocks.delete(namespace)
      }
    },
  }
}

async function reserve(store: Store, namespace: string, random: (bytes: number) => Buffer): Promise<Block> {
  for (;;) {
    const allocator = await store.get('', 'statusAllocators', namespace)
    const first = allocator?.next ?? 0
    const { number, counter } = placeOf(first)
    const kept = await store.get('', 'statusLists', listId(namespace, number))
    const list = kept ?? newList(namespace, number, random(16).toString('base64url'))
    const done = await store.commit(OPERATOR, {
      insert: [
        ...(kept === null ? [{ collection: 'statusLists', document: list } as const] : []),
        ...(allocator === null
          ? [{ collection: 'statusAllocators', document: { id: namespace, account: '', next: BLOCK_SIZE } } as const]
          : []),
      ],
      replace:
        allocator === null
          ? []
          : [{ collection: 'statusAllocators', document: { ...allocator, next: first + BLOCK_SIZE } }],
    })
    if (done.ok) return { list, next: counter, end: counter + BLOCK_SIZE }
  }
}
