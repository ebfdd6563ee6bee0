/** Where may Latchkey send a request that a customer named? Decided without a look-up; request.ts does the rest. */
import { type BlockList, isIP } from 'node:net'
import { blockList, blockListHas, ipv4At, unmapped, wordsOf } from '../keys/addresses.rules.ts'

/** What is not the public internet (RFC 6890 and the IANA special-purpose registries). */
export const NOT_PUBLIC: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]
const DENIED = blockList(NOT_PUBLIC)

/** Ports of https that public hosts may be asked at. In allowed networks any port may be. */
export const PUBLIC_PORTS: readonly number[] = [443, 8443]

/** A URL, taken apart once: what is checked is what is connected to. */
export interface Target {
  url: URL
  /** Without the brackets of an IPv6 literal. */
  host: string
  /** 0 where the host is a name. */
  family: 0 | 4 | 6
  /** http, an uncommon port, or a local name: nothing that the public internet is asked for. */
  inside: boolean
}

export type OutboundCode = 'invalid_url' | 'not_allowed' | 'unreachable' | 'timeout' | 'too_large'

/** What a customer may know: nothing that would tell what stands in networks that are not theirs. */
export const OUTBOUND_SENTENCES: Readonly<Record<OutboundCode, string>> = {
  invalid_url: 'must be an absolute https URL with a host, and without user name, password and fragment.',
  not_allowed: `must be https on port ${PUBLIC_PORTS.join(' or ')} of a public host. Other networks must be allowed by LATCHKEY_OUTBOUND_ALLOW.`,
  unreachable: 'could not be reached: the host has no public address, or does not answer there.',
  timeout: 'did not give a whole answer in time.',
  too_large: 'gave a larger answer than is read.',
}

/** Why a request was not made, or came to nothing. The cause is for logs alone. */
export class OutboundFault extends Error {
  override name = 'OutboundFault'
  readonly code: OutboundCode

  constructor(code: OutboundCode, cause?: unknown) {
    super(OUTBOUND_SENTENCES[code], cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Networks that may be reached beside the public internet: over http, on any port, and by local names. */
export interface Allowed {
  networks: BlockList
  /** Whether a name might stand for an address in them; loopback has no names but its own. */
  named: boolean
}

export function allowedNetworks(blocks: readonly string[]): Allowed {
  return { networks: blockList(blocks), named: blocks.some((block) => !/^(127\.|::1(\/128)?$)/.test(block)) }
}

/**
 * What is known of a URL before its name is looked up.
 *
 * @throws OutboundFault `invalid_url`, `not_allowed`
 */
export function parseTarget(text: string, allowed: Allowed): Target {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.password || text.includes('#'))
    throw new OutboundFault('invalid_url')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host) as 0 | 4 | 6
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const inside = url.protocol !== 'https:' || !PUBLIC_PORTS.includes(port) || (family === 0 && isLocalName(host))
  const target = { url, host, family, inside }
  if (!mayAsk(target, allowed)) throw new OutboundFault('not_allowed')
  return target
}

function mayAsk(target: Target, allowed: Allowed): boolean {
  const { host, family, inside } = target
  if (host.endsWith('.')) return false
  if (family !== 0) return mayConnect(host, target, allowed)
  if (/(^|\.)localhost$/.test(host)) return LOOPBACK.some((address) => mayConnect(address, target, allowed))
  return !inside || allowed.named
}
const LOOPBACK = ['127.0.0.1', '::1']

/** Whether this address of the target may be connected to. Allowed networks win over those that are not public. */
export function mayConnect(address: string, target: Pick<Target, 'inside'>, allowed: Allowed): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false
  if (blockListHas(allowed.networks, address)) return true
  return !target.inside && embedded(address).every((inner) => !blockListHas(DENIED, inner))
}

/** The address, and the IPv4 address that a gateway would make of it: NAT64 (RFC 6052) and 6to4 (RFC 3056). */
function embedded(address: string): string[] {
  const plain = unmapped(address)
  if (isIP(plain) !== 6) return [plain]
  const words = wordsOf(plain)
  if (words[0] === 0x2002) return [plain, ipv4At(words, 1)]
  const nat64 = words[0] === 0x64 && words[1] === 0xff9b && words.slice(2, 6).every((word) => word === 0)
  return nat64 ? [plain, ipv4At(words, 6)] : [plain]
}

/** Names that mean something else on every network: RFC 6761, RFC 6762, `.internal`, and names without a dot. */
function isLocalName(host: string): boolean {
  return !host.includes('.') || /\.(localhost|local|internal|localdomain|home\.arpa)$/.test(host)
}
