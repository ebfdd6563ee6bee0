import { expect } from 'chai'
import { createVerifier, type VerifierOptions } from '../../src/verifier/index.ts'
import { createRemote } from '../../src/verifier/remote.ts'
import { AUDIENCE, Issuer, refused } from './issuer.ts'

const create = (options: object) => () =>
  createVerifier({ issuer: 'https://id.example.com/v2', audience: AUDIENCE, ...options } as VerifierOptions)

describe('verifier: options', () => {
  const good = ['https://id.example.com', 'https://id.example.com:8443/v2', 'http://localhost:3000/v2']
  for (const issuer of [...good, 'http://127.0.0.1/v2', 'http://127.9.9.9:1/v2', 'http://[::1]:3000/v2']) {
    it(`takes issuer ${issuer}`, () => {
      expect(create({ issuer })().issuer).to.equal(issuer)
    })
  }

  const wrong = [
    undefined,
    null,
    7,
    '',
    'id.example.com',
    'ftp://id.example.com',
    'https://id.example.com/v2/',
    'file:///v2',
  ]
  const parts = ['https://a.example/?x', 'https://a.example/v2?', 'https://a.example/v2#', 'https://u:p@a.example/v2']
  const plain = ['http://id.example.com/v2', 'http://localhost.evil.example/v2', 'http://127.0.0.1.evil.example/v2']
  for (const issuer of [...wrong, ...parts, ...plain, 'http://10.0.0.1/v2', 'http://[::2]/v2', 'http://0.0.0.0/v2']) {
    it(`refuses issuer ${issuer}`, () => {
      expect(create({ issuer })).to.throw(TypeError, 'issuer')
    })
  }

  it('refuses other wrong options', () => {
    expect(create({ audience: '' })).to.throw(TypeError, 'audience')
    expect(create({ audience: undefined })).to.throw(TypeError, 'audience')
    expect(create({ revocation: { mode: 'push' } })).to.throw(TypeError, 'mode')
    expect(create({ revocation: { failure: 'ajar' } })).to.throw(TypeError, 'failure')
    expect(create({ revocation: { maxStaleSeconds: -1 } })).to.throw(TypeError, '0 or more')
    expect(create({ revocation: { maxStaleSeconds: Number.NaN } })).to.throw(TypeError, 'maxStaleSeconds')
    expect(create({ revocation: { mode: 'poll', failure: 'open', maxStaleSeconds: 0 } })).not.to.throw()
  })

  it('does nothing on the network before the first token', async () => {
    const issuer = await new Issuer().start()
    issuer.verifier()
    expect(issuer.hits).to.deep.equal({ keys: 0, status: 0, notModified: 0, other: 0 })
    await issuer.stop()
  })
})

describe('verifier: requests', () => {
  const request = { accept: 'text/plain', maxBytes: 10 }
  const never: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
    })

  const failure = async (promise: Promise<unknown>) => {
    const reason: unknown = await promise.then(
      () => null,
      (error: unknown) => error,
    )
    expect(reason).to.be.instanceOf(Error)
    return (reason as Error).message
  }

  it('time out', async () => {
    const keepAlive = setTimeout(() => {}, 5000)
    expect(await failure(createRemote(never, 1).get('https://x', request))).to.equal('no answer within 1 ms')
    clearTimeout(keepAlive)
  })

  it('end with close, and none begins after it', async () => {
    const remote = createRemote(never)
    const running = failure(remote.get('https://x', request))
    remote.close()
    expect(await running).to.contain('closed')
    expect(await failure(remote.get('https://x', request))).to.contain('closed')
  })

  it('read no more than the cap', async () => {
    const answer = (size: number) => createRemote(async () => new Response('x'.repeat(size)))
    expect((await answer(10).get('https://x', request)).text).to.have.length(10)
    expect(await failure(answer(11).get('https://x', request))).to.contain('larger')
  })

  it('an issuer that never answers leaves keys_unavailable', async () => {
    const verifier = create({ fetch: never })()
    const token = `${[{ alg: 'ES256', kid: 'k', typ: 'at+jwt' }, { iss: verifier.issuer }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')}.AAAA`
    const verification = refused(verifier.verify(token), 'keys_unavailable')
    verifier.close()
    await verification
  })
})
