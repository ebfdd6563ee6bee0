/** Leases: one instance has the work, and another takes over when it is gone. */
import { expect } from 'chai'
import { createLeases } from '../../src/store/lease.ts'
import { onBothStores } from './bed.ts'

const MS = 5_000

onBothStores('Leases', (bed) => {
  const instances = (work: string) => {
    let at = 1_000_000
    let alone = false
    const done: string[] = []
    const make = (instance: string) => {
      const leases = createLeases({ store: bed().latchkey.store, instance, isAlone: () => alone, now: () => at })
      const turn = () => leases.whileHeld(work, MS, async () => void done.push(instance))
      return { turn, leave: leases.leave }
    }
    return {
      a: make('a'),
      b: make('b'),
      done,
      pass: (ms: number) => {
        at += ms
      },
      setAlone: (is: boolean) => {
        alone = is
      },
    }
  }

  it('of two that begin together one has it, and keeps it for as long as it goes on', async () => {
    const { a, b, done, pass } = instances('first')
    await Promise.all([a.turn(), b.turn()])
    expect(done).to.have.length(1)
    const [first] = done
    for (let n = 0; n < 20; n++) {
      pass(1_000)
      await Promise.all([a.turn(), b.turn()])
    }
    expect(done).to.deep.equal(Array(21).fill(first))
  })

  it('is taken over when its end has come, and not before', async () => {
    const { a, b, done, pass } = instances('second')
    await a.turn()
    pass(MS - 1)
    await b.turn()
    expect(done).to.deep.equal(['a'])
    pass(1)
    await b.turn()
    await a.turn()
    expect(done).to.deep.equal(['a', 'b'])
  })

  it('is free at once when it is given back, and after a clock was set back', async () => {
    const { a, b, done, pass } = instances('third')
    await a.turn()
    await a.leave()
    await b.turn()
    expect(done).to.deep.equal(['a', 'b'])
    pass(-900_000)
    await a.turn()
    expect(done).to.deep.equal(['a', 'b', 'a'])
  })

  it('is not needed by an instance that is alone, which writes none', async () => {
    const { a, b, done, pass, setAlone } = instances('alone')
    setAlone(true)
    await a.turn()
    pass(1_000)
    await a.turn()
    expect(await bed().latchkey.store.get('', 'leases', 'alone')).to.equal(null)
    setAlone(false)
    await b.turn()
    await a.turn()
    expect(done).to.deep.equal(['a', 'a', 'b'])
  })

  it('works on after it failed', async () => {
    const leases = createLeases({
      store: bed().latchkey.store,
      instance: 'a',
      isAlone: () => false,
      now: () => 0,
    })
    const failed = await leases.whileHeld('fourth', MS, () => Promise.reject(new Error('no'))).catch(String)
    expect(failed).to.equal('Error: no')
    let done = 0
    await leases.whileHeld('fourth', MS, async () => void done++)
    expect(done).to.equal(1)
  })
})
