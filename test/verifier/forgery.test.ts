import { createHmac, createPublicKey, createSign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import { exportPKCS8 } from 'jose'
import type { Verifier, VerifyErrorCode } from '../../src/verifier/index.ts'
import { b64, createSigningKey, Issuer, refused, type SigningKey } from './issuer.ts'

describe('verifier: forgeries (standards §25)', () => {
  let issuer: Issuer
  let verifier: Verifier
  let good: string
  let attacker: SigningKey
  before(async () => {
    issuer = await new Issuer().start()
    verifier = issuer.verifier()
    good = await issuer.token()
    attacker = await createSigningKey()
  })
  after(() => issuer.stop())

  /** None of these may cost a request: a fresh verifier has no keys at hand and must not fetch them. */
  async function refusedOffline(token: string, code: VerifyErrorCode): Promise<void> {
    const before = { ...issuer.hits }
    await refused(issuer.verifier().verify(token), code)
    expect(issuer.hits).to.deep.equal(before)
  }
  const header = (overrides: object) => ({ alg: 'ES256', kid: issuer.key.kid, typ: 'at+jwt', ...overrides })
  const parts = () => good.split('.') as [string, string, string]
  const withHeader = (value: unknown) => [b64(value), parts()[1], parts()[2]].join('.')

  for (const alg of [
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    ' ES256',
    'es256',
    'ES256 ',
    'HS256',
    'ES384',
    'PS256',
    null,
  ]) {
    it(`alg ${JSON.stringify(alg)}`, () => refusedOffline(withHeader(header({ alg })), 'unsupported_algorithm'))
  }

  it('alg none without a signature', async () => {
    await refusedOffline(`${b64(header({ alg: 'none' }))}.${parts()[1]}.`, 'malformed_token')
  })

  it('HS256 with the public key as the secret, in each way of writing it', async () => {
    const key = createPublicKey({ key: issuer.key.publicJwk, format: 'jwk' })
    const pem = key.export({ type: 'spki', format: 'pem' }).toString()
    const jwk = JSON.stringify(issuer.key.publicJwk)
    const texts = [pem, pem.trim(), ` ${pem}`, `\n${pem}`, pem.replaceAll('\n', '\r\n'), jwk, ` ${jwk}`, `${jwk}\n`]
    const secrets = [...texts, key.export({ type: 'spki', format: 'der' }), Buffer.from(issuer.key.kid)]
    for (const secret of secrets) {
      const input = `${b64(header({ alg: 'HS256' }))}.${parts()[1]}`
      const signature = createHmac('sha256', secret).update(input).digest('base64url')
      await refusedOffline(`${input}.${signature}`, 'unsupported_algorithm')
      // The same bytes under an accepted name reach the signature check, and fail there.
      const renamed = `${b64(header({}))}.${parts()[1]}`
      await refused(verifier.verify(`${renamed}.${signature}`), 'invalid_signature')
    }
  })

  it('keys that the header brings or points at are ignored: the canary sees nothing', async () => {
    let canaryHits = 0
    const canary = createServer((_req, res) => {
      canaryHits++
      res.end(JSON.stringify({ keys: [attacker.publicJwk] }))
    })
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/`
    const brought = [{ jwk: attacker.publicJwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }]
    for (const extra of brought) {
      await refused(verifier.verify(await issuer.token({}, extra, attacker)), 'unknown_key')
      const renamed = await issuer.token({}, { ...extra, kid: issuer.key.kid }, attacker)
      await refused(verifier.verify(renamed), 'invalid_signature')
      await verifier.verify(await issuer.token({}, extra))
    }
    await new Promise((resolve) => canary.close(resolve))
    expect(canaryHits).to.equal(0)
  })

  for (const extra of [
    { crit: ['x'], x: 1 },
    { crit: [] },
    { crit: null },
    { b64: false },
    { crit: ['b64'], b64: false },
  ]) {
    it(`header ${JSON.stringify(extra)}`, () => refusedOffline(withHeader(header(extra)), 'malformed_token'))
  }

  const strangeKids = [
    '../../x',
    { $ne: null },
    'k'.repeat(10_000),
    'k'.repeat(65),
    'a\u0000b',
    '',
    "' or 1=1",
    'k\n',
    7,
    null,
  ]
  for (const kid of [...strangeKids, undefined]) {
    it(`kid ${JSON.stringify(kid)?.slice(0, 20)}`, () => refusedOffline(withHeader(header({ kid })), 'malformed_token'))
  }

  it('kid of a name that objects have', () =>
    refused(verifier.verify(withHeader(header({ kid: '__proto__' }))), 'unknown_key'))

  it('JSON serialisation, JWE, too few and too many parts', async () => {
    const [protectedHeader, payload, signature] = parts()
    const flattened = { protected: protectedHeader, payload, signature }
    const spoofs = [JSON.stringify(flattened), JSON.stringify({ payload, signatures: [flattened] }), `{"x":"${good}"}`]
    const counts = [
      `${good}.`,
      `.${good}`,
      `${good}.x.y`,
      `${protectedHeader}.${payload}`,
      '',
      '.',
      '..',
      '...',
      '....',
      'x',
    ]
    for (const text of [...spoofs, ...counts]) await refusedOffline(text, 'malformed_token')
  })

  it('characters outside of base64url, white space, line breaks, padding', async () => {
    const [h, p, s] = parts()
    const texts = [
      ` ${good}`,
      `${good} `,
      `${good}\n`,
      `${good}\r\n`,
      `${h}\n.${p}.${s}`,
      `${h}.${p} .${s}`,
      `${good}=`,
    ]
    const others = [
      `${h}.${p}.+${s.slice(1)}`,
      `${h}.${p}./${s.slice(1)}`,
      `"${good}"`,
      `Bearer ${good}`,
      `${good}\0`,
      `${good}é`,
    ]
    for (const text of [...texts, ...others]) await refusedOffline(text, 'malformed_token')
    for (const value of [undefined, null, 7, {}, [good], Buffer.from(good)]) {
      await refused(issuer.verifier().verify(value as unknown as string), 'malformed_token')
    }
  })

  it('another spelling of the same signature', async () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(good.at(-1) as string)
    const respelt = good.slice(0, -1) + letters[last + 1]
    expect(Buffer.from(respelt.split('.')[2] ?? '', 'base64url')).to.deep.equal(Buffer.from(parts()[2], 'base64url'))
    await refusedOffline(respelt, 'malformed_token')
  })

  it('1 MB of dots, a large token and deep JSON are refused at once', async () => {
    const deep = (length: number) => `${'['.repeat(length)}${']'.repeat(length)}`
    const texts = ['.'.repeat(1 << 20), `${'A'.repeat(1 << 20)}.A.A`, `${b64(deep(100_000))}.${parts()[1]}.AAAA`]
    const small = [`${b64(deep(1400))}.${parts()[1]}.AAAA`, `${b64(`{"alg":${deep(1400)}}`)}.${parts()[1]}.AAAA`]
    const startedAt = performance.now()
    for (const text of [...texts, small[0] as string]) await refusedOffline(text, 'malformed_token')
    await refusedOffline(small[1] as string, 'unsupported_type')
    await refusedOffline(`${b64(header({}))}.${b64(deep(5000))}.AAAA`, 'malformed_token')
    expect(performance.now() - startedAt).to.be.below(500)
  })

  it('header or payload that is no JSON object in UTF-8', async () => {
    const [, payload, signature] = parts()
    const wrong = [
      b64('x'),
      b64('[]'),
      b64('null'),
      b64('"x"'),
      Buffer.from([0xff, 0xfe]).toString('base64url'),
      b64('\ufeff{}'),
    ]
    for (const part of wrong) {
      await refusedOffline(`${part}.${payload}.${signature}`, 'malformed_token')
      await refusedOffline(`${b64(header({}))}.${part}.${signature}`, 'malformed_token')
    }
  })

  it('ECDSA: r = s = 0, wrong length, DER, signatures of other texts', async () => {
    const [h, p] = parts()
    const signer = createSign('SHA256').update(`${h}.${p}`)
    const der = signer.sign({ key: await exportPKCS8(issuer.key.privateKey), dsaEncoding: 'der' })
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
    const zeros = [64, 63, 65, 1, 128].map((length) => Buffer.alloc(length))
    const own = Buffer.from(parts()[2], 'base64url')
    const other = Buffer.from((await issuer.token({ jti: 'other' })).split('.')[2] ?? '', 'base64url')
    const cut = [own.subarray(0, 63), Buffer.concat([own, Buffer.alloc(1)]), Buffer.concat([order, order])]
    for (const signature of [...zeros, der, other, ...cut]) {
      await refused(verifier.verify(`${h}.${p}.${signature.toString('base64url')}`), 'invalid_signature')
    }
  })

  const types = [
    'statuslist+jwt',
    'dpop+jwt',
    'JWT',
    'jwt',
    'token-introspection+jwt',
    'client-authentication+jwt',
    'secevent+jwt',
    'at+jwt ',
    'application/application/at+jwt',
    'text/at+jwt',
    'at',
    '',
    null,
    undefined,
    ['at+jwt'],
  ]
  for (const typ of types) {
    it(`typ ${JSON.stringify(typ)}, signed with the right key`, async () => {
      await refusedOffline(await issuer.token({}, { typ }), 'unsupported_type')
    })
  }

  it('a key of one algorithm does not serve another', async () => {
    const [rsa, ed] = [await createSigningKey('RS256'), await createSigningKey('EdDSA')]
    issuer.keys.push(rsa, ed)
    const fresh = issuer.verifier()
    await fresh.verify(await issuer.token({}, {}, rsa))
    await fresh.verify(await issuer.token({}, {}, ed))
    await refused(fresh.verify(withHeader(header({ kid: rsa.kid }))), 'unsupported_algorithm')
    await refused(fresh.verify(await issuer.token({}, { alg: 'Ed25519' }, ed)), 'unsupported_algorithm')
    await refused(fresh.verify(await issuer.token({}, { kid: issuer.key.kid }, rsa)), 'unsupported_algorithm')
    issuer.keys.length = 1
  })

  it('ECDSA: the other of the two signatures that every one has is as good', async () => {
    // (r, n - s) verifies wherever (r, s) does: no standard asks for the low one, and nothing here takes a signature
    // for the identity of a token. Tokens are denied by jti, proofs remembered by jti and key.
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const own = Buffer.from(parts()[2], 'base64url')
    const other = order - BigInt(`0x${own.subarray(32).toString('hex')}`)
    const twin = Buffer.concat([own.subarray(0, 32), Buffer.from(other.toString(16).padStart(64, '0'), 'hex')])
    await verifier.verify([parts()[0], parts()[1], twin.toString('base64url')].join('.'))
  })

  it('a kid published twice is the first key, whoever adds another', async () => {
    const twin = { ...attacker.publicJwk, kid: issuer.key.kid }
    issuer.jwksBody = JSON.stringify({ keys: [issuer.key.publicJwk, twin] })
    const fresh = issuer.verifier()
    await fresh.verify(good)
    const forged = await issuer.token({}, { kid: issuer.key.kid }, attacker)
    await refused(fresh.verify(forged), 'invalid_signature')
    issuer.jwksBody = null
  })

  it('a header member named twice counts once, as the last says', async () => {
    const twice = (alg: string) => b64(`{"alg":"${alg}","typ":"at+jwt","kid":"${issuer.key.kid}","alg":"ES256"}`)
    await refused(verifier.verify(`${twice('none')}.${parts()[1]}.${parts()[2]}`), 'invalid_signature')
    const last = b64(`{"alg":"ES256","typ":"at+jwt","kid":"${issuer.key.kid}","alg":"none"}`)
    await refusedOffline(`${last}.${parts()[1]}.${parts()[2]}`, 'unsupported_algorithm')
  })

  it('a JWE, and what would make one costly', async () => {
    const jwe = {
      alg: 'PBES2-HS256+A128KW',
      enc: 'A128CBC-HS256',
      p2c: 2 ** 31,
      p2s: 'AAAA',
      zip: 'DEF',
      typ: 'at+jwt',
    }
    await refusedOffline(`${b64(jwe)}.AAAA.AAAA.AAAA.AAAA`, 'malformed_token')
    await refusedOffline(`${b64(jwe)}.${parts()[1]}.AAAA`, 'unsupported_algorithm')
    await refused(verifier.verify(withHeader(header({ zip: 'DEF' }))), 'invalid_signature')
  })

  it('the key of another namespace, and a claim changed after signing', async () => {
    await refused(verifier.verify(await issuer.token({}, {}, attacker)), 'unknown_key')
    const [h, , s] = parts()
    await refused(verifier.verify(`${h}.${b64(issuer.claims({ scope: 'admin' }))}.${s}`), 'invalid_signature')
  })
})
