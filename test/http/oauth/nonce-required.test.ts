import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import * as client from 'openid-client'
import { onBothStores } from '../bed.ts'
import { ask, CC, createClient, proofFor } from './asking.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-nonces-'))
const file = join(folder, 'latchkey.yaml')
const shipped = readFileSync(fileURLToPath(new URL('../../../latchkey.yaml', import.meta.url)), 'utf8')
writeFileSync(file, shipped.replace('  v2:\n', '  v2:\n    dpopNonce: required\n'))

after(() => rmSync(folder, { recursive: true, force: true }))

onBothStores(
  'A namespace that asks for DPoP nonces (RFC 9449 §8)',
  (bed) => {
    it('tells one to whoever comes without, and takes it', async () => {
      const by = await createClient()
      const proof = (more = {}) =>
        proofFor(bed(), by, '/v2/oauth/token', { iat: Math.floor(Date.now() / 1000), ...more })
      const first = await ask(bed(), 'acme-v2-readonly', 'token', CC, { dpop: await proof() })
      expect([first.status, first.json().error]).to.deep.equal([400, 'use_dpop_nonce'])
      const nonce = first.headers.get('dpop-nonce') as string
      expect((await ask(bed(), 'acme-v2-readonly', 'token', CC, { dpop: await proof({ nonce }) })).status).to.equal(200)
    })

    it('a stock client sees to that by itself', async () => {
      const auth = client.ClientSecretBasic(bed().secret('acme-v2-server'))
      const id = bed().keyId('acme-v2-server')
      const options: client.DiscoveryRequestOptions = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] }
      const config = await client.discovery(new URL(`${bed().url}/v2`), id, undefined, auth, options)
      const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
      expect((await client.clientCredentialsGrant(config, {}, { DPoP })).token_type).to.equal('dpop')
    })

    it('and none of another namespace', async () => {
      const dpop = await proofFor(bed(), await createClient(), '/v3/oauth/token', {
        iat: Math.floor(Date.now() / 1000),
      })
      expect((await ask(bed(), 'acme-v3-server', 'token', CC, { dpop })).status).to.equal(200)
    })
  },
  { env: { LATCHKEY_CATALOG: file }, clock: Date.now },
)
