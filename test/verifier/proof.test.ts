import { expect } from 'chai'
import { checkProof, PROOF_ALGORITHMS, type ProofExpectations } from '../../src/verifier/proof.ts'
import { b64, refused } from './issuer.ts'
import { athOf, type Client, createClient, prove } from './proofs.ts'

const NOW = 1_800_000_000
const URL_HERE = 'https://api.example.com/v2/links'

describe('verifier: one DPoP proof (RFC 9449 §4.3)', () => {
  let client: Client
  before(async () => {
    client = await createClient()
  })

  type Json = Record<string, unknown>
  const make = (claims: Json = {}, header: Json = {}, by = client) =>
    prove(by, { htu: URL_HERE, iat: NOW, ...claims }, header)
  const check = (proof: unknown, expected: Partial<ProofExpectations> = {}) =>
    checkProof(proof, { method: 'GET', url: URL_HERE, now: NOW * 1000, ...expected })
  const expectRefused = async (proof: unknown, says: string, expected: Partial<ProofExpectations> = {}) => {
    const error = await refused(check(proof, expected), 'invalid_proof')
    expect(error.message)
      .to.contain(says)
      .and.match(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+\.$/)
  }

  it('answers what a good one says', async () => {
    const claims = { jti: 'one', htu: URL_HERE, iat: NOW, nonce: 'n' }
    expect(await check(await make(claims))).to.deep.equal({ jkt: client.jkt, jti: 'one', iat: NOW, nonce: 'n' })
    expect((await check(await make())).nonce).to.equal(undefined)
  })

  for (const alg of PROOF_ALGORITHMS) {
    it(`takes ${alg}`, async () => {
      const other = await createClient(alg)
      expect((await check(await make({}, {}, other))).jkt).to.equal(other.jkt)
      expect((await check(await make({}, { jwk: { ...other.publicJwk, alg } }, other))).jkt).to.equal(other.jkt)
    })
  }

  it('is one JWT in compact form and nothing else', async () => {
    const good = await make()
    const [header, payload, signature] = good.split('.')
    const json = { protected: header, payload, signature }
    const texts = [`${good}, ${good}`, `${good},${good}`, ` ${good}`, `${good}=`, `${good}.`, `${good}.x.y`, '', '...']
    const others = [JSON.stringify(json), JSON.stringify({ payload, signatures: [json] }), `${header}.${payload}.`]
    const large = `${header}.${b64({ jti: 'x'.repeat(9000) })}.${signature}`
    for (const proof of [...texts, ...others, large, undefined, null, 7, [good], { proof: good }]) {
      await expectRefused(proof, 'compact form')
    }
    for (const part of [b64('[]'), b64('null'), b64('x'), b64('"x"')]) {
      await expectRefused(`${part}.${payload}.${signature}`, 'compact form')
      await expectRefused(`${header}.${part}.${signature}`, 'compact form')
    }
  })

  for (const typ of ['at+jwt', 'JWT', 'DPoP+JWT', 'application/dpop+jwt', 'dpop+jwt ', '', null, undefined]) {
    it(`refuses typ ${JSON.stringify(typ)}`, async () => expectRefused(await make({}, { typ }), 'typ'))
  }

  it('refuses every other alg, before any key is read', async () => {
    const [, payload, signature] = (await make()).split('.')
    for (const alg of [
      'none',
      'None',
      'HS256',
      'HS512',
      'ES256K',
      'es256',
      ' ES256',
      'RSA-OAEP',
      '',
      null,
      undefined,
    ]) {
      const header = b64({ typ: 'dpop+jwt', alg, jwk: client.publicJwk })
      await expectRefused(`${header}.${payload}.${signature}`, 'another alg')
    }
  })

  it('refuses crit and b64; ignores kid, jku, x5u, x5c', async () => {
    for (const extra of [{ crit: ['x'], x: 1 }, { crit: [] }, { b64: false }]) {
      const [, payload, signature] = (await make()).split('.')
      const header = b64({ typ: 'dpop+jwt', alg: 'ES256', jwk: client.publicJwk, ...extra })
      await expectRefused(`${header}.${payload}.${signature}`, 'critical')
    }
    const url = 'https://evil.example/'
    await check(await make({}, { kid: '../x', jku: url, x5u: url, x5c: ['MIIB'] }))
  })

  it('refuses a jwk that is private, missing, weak, or goes with another alg', async () => {
    for (const jwk of [undefined, null, 'x', [client.publicJwk]]) await expectRefused(await make({}, { jwk }), 'no jwk')
    await expectRefused(await make({}, { jwk: client.privateJwk }), 'private')
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
      await expectRefused(await make({}, { jwk: { ...client.publicJwk, [member]: null } }), 'private')
    }
    const { x, y } = client.publicJwk
    for (const jwk of [
      { kty: 'EC', crv: 'P-256', x, y: x },
      { kty: 'EC', crv: 'P-256', x },
      { kty: 'EC', crv: 'P-256' },
    ]) {
      await expectRefused(await make({}, { jwk }), 'no usable key')
    }
    for (const jwk of [{ kty: 'EC', crv: 'P-384', x, y }, { kty: 'oct' }, { kty: 'RSA', n: x, e: 'AQAB' }, {}]) {
      await expectRefused(await make({}, { jwk }), 'go with its alg')
    }
    await expectRefused(await make({}, { jwk: { ...client.publicJwk, alg: 'ES384' } }), 'go with its alg')
  })

  it('refuses RSA below 2048 bits', async () => {
    const { generateKeyPairSync, sign } = await import('node:crypto')
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const header = b64({ typ: 'dpop+jwt', alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) })
    const input = `${header}.${b64({ jti: 'x', htm: 'GET', htu: URL_HERE, iat: NOW })}`
    await expectRefused(`${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`, '2048')
  })

  it('refuses a signature by another key, and claims changed after signing', async () => {
    const other = await createClient()
    await expectRefused(await make({}, { jwk: other.publicJwk }), 'not signed')
    const [header, , signature] = (await make()).split('.')
    const changed = b64({ jti: 'other', htm: 'GET', htu: URL_HERE, iat: NOW })
    await expectRefused(`${header}.${changed}.${signature}`, 'not signed')
    for (const bytes of [Buffer.alloc(64), Buffer.alloc(63), Buffer.alloc(1)]) {
      await expectRefused(`${header}.${changed}.${bytes.toString('base64url')}`, 'not signed')
    }
  })

  it('needs a jti of 1 to 256 characters', async () => {
    await check(await make({ jti: 'x'.repeat(256) }))
    for (const jti of [undefined, null, '', 7, ['x'], 'x'.repeat(257)]) await expectRefused(await make({ jti }), 'jti')
  })

  it('needs the method exactly', async () => {
    for (const htm of [undefined, null, 'get', 'POST', 'GET ', ['GET'], ''])
      await expectRefused(await make({ htm }), 'htm')
  })

  const same = {
    [URL_HERE]: [
      `${URL_HERE}?a=1`,
      `${URL_HERE}#f`,
      `${URL_HERE}?`,
      'HTTPS://API.Example.COM/v2/links',
      'https://api.example.com:443/v2/links',
      'https://api.example.com/%76%32/link%73',
      'https://api.example.com/v2/./x/../links',
    ],
    'https://api.example.com/a%2Fb%7E~/%C3%A9': ['https://api.example.com/a%2fb~%7e/%c3%a9'],
    'https://api.example.com': ['https://api.example.com/', 'https://api.example.com:443?x'],
    'http://localhost:3001/v2': ['http://LOCALHOST:3001/v2'],
    'https://api.example.com/v2/links?cursor=1': [URL_HERE],
  }
  for (const [url, spellings] of Object.entries(same)) {
    for (const htu of spellings) {
      it(`takes htu ${htu} for ${url}`, async () => void (await check(await make({ htu }), { url })))
    }
  }

  const different = [
    'https://api.example.com/v2/links/',
    'https://api.example.com/v2/Links',
    'https://api.example.com/v2',
    'https://api.example.com/v2%2Flinks',
    'http://api.example.com/v2/links',
    'https://api.example.com:8443/v2/links',
    'https://api.example.com.evil.example/v2/links',
    'https://evil.example@api.example.com/v2/links',
    'https://api.example.com\\v2\\links',
    ` ${URL_HERE}`,
    `${URL_HERE}\n`,
    'https://api.example.com/v2/li\tnks',
    '//api.example.com/v2/links',
    '/v2/links',
    'ftp://api.example.com/v2/links',
    'https://',
    '',
    undefined,
    null,
    [URL_HERE],
  ]
  for (const htu of different) {
    it(`refuses htu ${JSON.stringify(htu)}`, async () => expectRefused(await make({ htu }), 'htu'))
  }

  it('refuses where the URL of the request is none', async () => {
    for (const url of ['', 'x', 'https://', '//evil']) await expectRefused(await make({ htu: url }), 'htu', { url })
  })

  it('takes an iat from 60 s ago to 10 s ahead, in whole seconds', async () => {
    for (const iat of [NOW - 60, NOW, NOW + 10]) await check(await make({ iat }))
    for (const iat of [NOW - 61, NOW + 11, NOW * 1000]) await expectRefused(await make({ iat }), 'clock')
    for (const iat of [undefined, null, `${NOW}`, NOW + 0.5, 1e300]) await expectRefused(await make({ iat }), 'whole')
  })

  it('needs the hash of the access token where there is one, and asks for none elsewhere', async () => {
    const accessToken = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
    await check(await make({ ath: athOf(accessToken) }), { accessToken })
    for (const ath of [undefined, null, athOf('other'), `${athOf(accessToken)}=`, accessToken, '']) {
      await expectRefused(await make({ ath }), 'ath', { accessToken })
    }
    await check(await make({ ath: 'anything' }))
  })

  it('refuses a nonce that is no string', async () => expectRefused(await make({ nonce: 7 }), 'nonce'))
})
