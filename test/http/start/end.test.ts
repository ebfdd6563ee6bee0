import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { openBed } from '../bed.ts'

/** What is asked for on a connection that is kept. */
function ask(agent: Agent, url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, resolve).once('error', reject)
  })
}

describe('The end of a server', () => {
  it('waits for no connection that is only kept: one that followed a stream, one that asked for a document', async () => {
    const bed = await openBed()
    const agent = new Agent({ keepAlive: true })
    const stream = await ask(agent, `${bed.url}/v2/revocations`)
    const ended = new Promise((resolve) => stream.resume().once('end', resolve))
    const document = await ask(agent, `${bed.url}/v2/.well-known/jwks.json`)
    await new Promise((resolve) => document.resume().once('end', resolve))
    const began = performance.now()
    await bed.latchkey.close()
    await ended
    expect(performance.now() - began).to.be.below(5_000)
    agent.destroy()
  })
  it('waits for no connection on which nothing was ever asked, as browsers keep one ready', async () => {
    const bed = await openBed()
    const ready = connect(Number(new URL(bed.url).port), '127.0.0.1')
    await once(ready, 'connect')
    // One that came after it was answered: the server knows of both.
    await bed.get('/healthz')
    const began = performance.now()
    await bed.latchkey.close()
    expect(performance.now() - began).to.be.below(5_000)
    ready.destroy()
  })
})
