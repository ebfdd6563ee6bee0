import { OPERATOR } from '../accounts/rules.ts'
import type { Store } from '../store/store.ts'
import {
  FIRST_BLOCK_SIZE,
  listId,
  MAX_BLOCK_SIZE,
  newList,
  permutation,
  placeOf,
  type StatusList,
  type StatusRef,
} from './rules.ts'

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
  const sizes = new Map<string, number>()
  const orders = new Map<string, ReturnType<typeof permutation>>()
  const orderOf = ({ id, seed }: StatusList) => {
    const order = orders.get(id) ?? permutation(seed)
    orders.set(id, order)
    return order
  }
  const reserveMore = (namespace: string): Promise<Block> => {
    const size = sizes.get(namespace) ?? FIRST_BLOCK_SIZE
    sizes.set(namespace, Math.min(2 * size, MAX_BLOCK_SIZE))
    return reserve(store, namespace, size, random)
  }
  return {
    async take(namespace) {
      for (;;) {
        const pending = blocks.get(namespace) ?? reserveMore(namespace)
        blocks.set(namespace, pending)
        try {
          const block = await pending
          if (block.next < block.end) {
            return { list: block.list.id, index: orderOf(block.list)(block.next++) }
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

async function reserve(
  store: Store,
  namespace: string,
  wanted: number,
  random: (bytes: number) => Buffer,
): Promise<Block> {
  for (;;) {
    const allocator = await store.get('', 'statusAllocators', namespace)
    const first = allocator?.next ?? 0
    const { number, counter, room } = placeOf(first)
    const size = Math.min(wanted, room)
    const kept = await store.get('', 'statusLists', listId(namespace, number))
    const list = kept ?? newList(namespace, number, random(16).toString('base64url'))
    const done = await store.commit(OPERATOR, {
      insert: [
        ...(kept === null ? [{ collection: 'statusLists', document: list } as const] : []),
        ...(allocator === null
          ? [{ collection: 'statusAllocators', document: { id: namespace, account: '', next: size } } as const]
          : []),
      ],
      replace:
        allocator === null ? [] : [{ collection: 'statusAllocators', document: { ...allocator, next: first + size } }],
    })
    if (done.ok) return { list, next: counter, end: counter + size }
  }
}
