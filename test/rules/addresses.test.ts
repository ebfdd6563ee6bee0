import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { addressAllowed, addressBucket, isAddressBlock, unmapped } from '../../src/keys/addresses.rules.ts'
import { clientAddress } from '../../src/web/app.ts'

describe('Addresses', () => {
  it('are compared as numbers, IPv4 inside IPv6 as what it is', () => {
    const cases: [string, string[], boolean][] = [
      ['203.0.113.7', [], true],
      ['203.0.113.7', ['203.0.113.0/24'], true],
      ['203.0.114.7', ['203.0.113.0/24'], false],
      ['::ffff:203.0.113.7', ['203.0.113.7'], true],
      ['::ffff:cb00:7107', ['203.0.113.7'], true],
      ['203.0.113.7', ['::ffff:203.0.113.0/120'], true],
      ['2001:db8::1', ['2001:DB8:0:0::/64'], true],
      ['2001:db8:1::1', ['2001:db8::/64'], false],
      ['10.0.0.1', ['2001:db8::/32'], false],
      ['8.8.8.8', ['::ffff:10.0.0.0/8'], false],
      ['nonsense', ['0.0.0.0/0'], false],
    ]
    for (const [address, blocks, allowed] of cases)
      expect(addressAllowed(address, blocks), `${address} in ${blocks}`).to.equal(allowed)
  })

  it('blocks have a form', () => {
    for (const good of ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', '2001:db8::/128'])
      expect(isAddressBlock(good), good).to.equal(true)
    for (const bad of [
      '',
      '10.0.0',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/08',
      '::/129',
      'fe80::1%eth0',
      '10.0.0.0/8/8',
      '::ffff:10.0.0.0/8',
      '::ffff:10.0.0.0/95',
      'a.example',
      '0x7f.1',
    ]) {
      expect(isAddressBlock(bad), bad).to.equal(false)
    }
    expect(unmapped('::1')).to.equal('::1')
  })

  it('IPv6 is counted by /64', () => {
    expect(addressBucket('2001:db8:1:2:3:4:5:6')).to.equal('2001:db8:1:2::/64')
    expect(addressBucket('2001:db8:1:2::9')).to.equal('2001:db8:1:2::/64')
    expect(addressBucket('2001:db8:1:2::9')).to.equal(addressBucket('2001:0db8:0001:0002:ffff::'))
    expect(addressBucket('203.0.113.7')).to.equal('203.0.113.7')
  })

  it('of a client behind proxies is what the outermost trusted one saw', () => {
    const req = (forwarded?: string) =>
      ({
        socket: { remoteAddress: '::ffff:10.0.0.1' },
        headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
      }) as unknown as IncomingMessage
    expect(clientAddress(req('6.6.6.6'), 0)).to.equal('10.0.0.1')
    expect(clientAddress(req('6.6.6.6, 203.0.113.7'), 1)).to.equal('203.0.113.7')
    expect(clientAddress(req('6.6.6.6, 203.0.113.7, 10.0.0.9'), 2)).to.equal('203.0.113.7')
    expect(clientAddress(req('203.0.113.7'), 2)).to.equal('203.0.113.7')
    expect(clientAddress(req(), 1)).to.equal('10.0.0.1')
  })
})
