import { expect } from 'chai'
import { allowedNetworks, mayConnect, OutboundFault, parseTarget } from '../../src/outbound/rules.ts'

const PUBLIC = { inside: false }
const NOTHING = allowedNetworks([])

function codeOf(url: string, allowed: string[] = []): string {
  try {
    parseTarget(url, allowedNetworks(allowed))
    return 'fine'
  } catch (error) {
    if (!(error instanceof OutboundFault)) throw error
    return error.code
  }
}

describe('Outbound: which addresses', () => {
  const denied = [
    ...['0.0.0.0', '0.255.255.255', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1'],
    ...['127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1'],
    ...['192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255'],
    ...['240.0.0.1', '255.255.255.255', '::', '::1', '::7f00:1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'],
    ...['0:0:0:0:0:ffff:0a00:0001', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1', '2001::1'],
    ...[
      '2001:1ff:ffff::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '2002:a9fe:a9fe::1',
      '2002:c0a8:1::5',
      '3fff::1',
      '5f00::1',
    ],
    ...['fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'ff02::1', 'nonsense', ''],
  ]
  for (const address of denied) {
    it(`not ${address || 'an empty one'}`, () => expect(mayConnect(address, PUBLIC, NOTHING)).to.equal(false))
  }

  it('public ones, and public IPv4 behind a gateway', () => {
    const fine = ['1.1.1.1', '9.255.255.255', '11.0.0.1', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1']
    const six = ['2606:4700::1111', '2001:200::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1']
    for (const address of [...fine, ...six]) expect(mayConnect(address, PUBLIC, NOTHING), address).to.equal(true)
  })

  it('allowed networks win, and are all that http, odd ports and local names may reach', () => {
    const allowed = allowedNetworks(['127.0.0.0/8', 'fd00::/8'])
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', 'fd00::7'])
      expect(mayConnect(address, { inside: true }, allowed), address).to.equal(true)
    for (const address of ['10.0.0.1', '::1', '1.1.1.1', '2002:7f00:1::', '64:ff9b::7f00:1'])
      expect(mayConnect(address, { inside: true }, allowed), address).to.equal(false)
    expect(mayConnect('1.1.1.1', PUBLIC, allowed)).to.equal(true)
  })
})

describe('Outbound: which URLs', () => {
  const wrong: [string, string][] = [
    ...['', 'x', '/path', 'ftp://a.example', 'file:///etc/passwd', 'javascript:0', 'https://'].map(
      (url): [string, string] => [url, 'invalid_url'],
    ),
    ['https://user@a.example', 'invalid_url'],
    ['https://:secret@a.example', 'invalid_url'],
    ['https://a.example/#here', 'invalid_url'],
    ['http://a.example', 'not_allowed'],
    ['https://a.example:22', 'not_allowed'],
    ['https://a.example:80', 'not_allowed'],
    ['https://a.example./', 'not_allowed'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'printer.local', 'printer.local.', 'db.internal'].map(
      (host): [string, string] => [`https://${host}/`, 'not_allowed'],
    ),
    ...['metadata.google.internal', 'metadata.google.internal.', 'intranet', 'nas.home.arpa', 'ｌocalhost'].map(
      (host): [string, string] => [`https://${host}/`, 'not_allowed'],
    ),
    // All of these are written anew by the URL parser; text would not show what they are.
    ...['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '①②⑦.0.0.1', '0x7f000001', '127.0.0.1.', '0'].map(
      (host): [string, string] => [`https://${host}/`, 'not_allowed'],
    ),
    ...['[::1]', '[::]', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]'].map(
      (host): [string, string] => [`https://${host}/`, 'not_allowed'],
    ),
    ['https://%31%32%37.0.0.1/', 'not_allowed'],
    ['https://169.254.169.254/latest/meta-data', 'not_allowed'],
  ]
  for (const [url, code] of wrong) it(`${url || 'nothing'}: ${code}`, () => expect(codeOf(url)).to.equal(code))

  it('https on ports 443 and 8443 of public hosts', () => {
    for (const url of [
      'https://a.example',
      'https://a.example:8443/x?y',
      'https://1.1.1.1/',
      'https://[2606:4700::1]/',
    ])
      expect(codeOf(url), url).to.equal('fine')
  })

  it('anything on loopback where that is allowed, by its own names too', () => {
    const allow = ['127.0.0.0/8', '::1']
    for (const url of ['http://127.0.0.1:9', 'https://0x7f.1:22/', 'http://localhost:3000/x', 'http://[::1]/'])
      expect(codeOf(url, allow), url).to.equal('fine')
    const elsewhere = ['http://10.0.0.1/', 'https://1.1.1.1:22/', 'http://a.example/', 'https://a.example:22/']
    for (const url of [...elsewhere, 'http://localhost./', 'https://db.internal/', 'https://metadata.google.internal/'])
      expect(codeOf(url, allow), url).to.equal('not_allowed')
  })

  it('names where other networks are allowed; what they stand for is looked at when they are asked', () => {
    const allow = ['10.0.0.0/8']
    for (const url of ['http://10.0.0.1:9', 'http://jwks.corp.internal/', 'https://intranet/', 'http://a.example:81/'])
      expect(codeOf(url, allow), url).to.equal('fine')
    for (const url of ['https://localhost/', 'http://127.0.0.1/', 'https://intranet./'])
      expect(codeOf(url, allow), url).to.equal('not_allowed')
  })
})
