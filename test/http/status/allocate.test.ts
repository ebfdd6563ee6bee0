import { expect } from 'chai'
import { createAllocator } from '../../../src/status/allocate.ts'
import type { StatusRef } from '../../../src/status/rules.ts'
import type { Store } from '../../../src/store/store.ts'
import { onBothStores } from '../bed.ts'

onBothStores('Places in status lists', (bed) => {
  const allocator = () => createAllocator(bed().latchkey.store, (count) => Buffer.alloc(count, 1))
  const place = ({ list, index }: StatusRef) => `${list}/${index}`
  const nextOf = async () => (await bed().latchkey.store.get('', 'statusAllocators', 'v2'))?.next as number

  it('are given once, whoever asks at the same time, and many take few commits', async () => {
    const { store } = bed().latchkey
    const commit = store.commit.bind(store)
    let commits = 0
    store.commit = ((...args: Parameters<Store['commit']>) => {
      commits++
      return commit(...args)
    }) as Store['commit']
    try {
      const takers = [allocator(), allocator()]
      const taken = await Promise.all(
        Array.from({ length: 4_000 }, (_, n) => takers[n % 2]?.take('v2') as Promise<StatusRef>),
      )
      expect(new Set(taken.map(place)).size).to.equal(4_000)
      expect(commits).to.be.lessThan(30)
    } finally {
      store.commit = commit
    }
  }).timeout(20_000)

  it('a process that needs few takes few', async () => {
    const before = await nextOf()
    await allocator().take('v2')
    expect((await nextOf()) - before).to.equal(64)
  })
})
