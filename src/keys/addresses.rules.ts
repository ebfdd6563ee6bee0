import { BlockList, isIP } from 'node:net'

/** An IPv4 or IPv6 address or CIDR block. */
export function isAddressBlock(text: string): boolean {
  const [address = '', prefix, more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || more !== undefined) return false
  if (prefix === undefined) return true
  // Of an IPv4 address inside IPv6 a prefix below 96 would mean more than all of IPv4.
  const least = unmapped(address) === address ? 0 : 96
  return /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) >= least && Number(prefix) <= (family === 4 ? 32 : 128)
}

/** Whether `address` lies in one of the blocks; an empty list allows any. Compared as numbers, never as text. */
export function addressAllowed(address: string, blocks: readonly string[]): boolean {
  return blocks.length === 0 || blockListHas(blockList(blocks), address)
}

export function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks.filter(isAddressBlock)) {
    const [base = '', prefix] = block.split('/')
    const net = unmapped(base)
    const kind = isIP(net) === 4 ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(net, kind)
    else list.addSubnet(net, net === base ? Number(prefix) : Number(prefix) - 96, kind)
  }
  return list
}

export function blockListHas(list: BlockList, address: string): boolean {
  const plain = unmapped(address)
  const family = isIP(plain)
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** Whether `after` surely allows every address that `before` does: each block lies in one of its blocks. */
export function addressesWithin(before: readonly string[], after: readonly string[]): boolean {
  if (after.length === 0) return true
  const around = after.map(bitsOf)
  return before.length > 0 && before.map(bitsOf).every((block) => around.some((one) => block.startsWith(one)))
}

/** Family and network bits of a block: one lies in another where its bits begin with the other's. */
function bitsOf(block: string): string {
  const [base = '', prefix] = block.split('/')
  const net = unmapped(base)
  const four = isIP(net) === 4
  const length = prefix === undefined ? 128 : Number(prefix) - (net === base ? 0 : 96)
  const words = four ? net.split('.').map(Number) : wordsOf(net)
  const bits = words.map((word) => word.toString(2).padStart(four ? 8 : 16, '0')).join('')
  return `${four ? 4 : 6}:${bits.slice(0, length)}`
}

/** `::ffff:192.0.2.1` and `::ffff:c000:201` are the IPv4 address that they hold. */
export function unmapped(address: string): string {
  if (!address.includes(':') || isIP(address) !== 6) return address
  const words = wordsOf(address)
  return words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff ? ipv4At(words, 6) : address
}

/** The eight 16-bit words of an IPv6 address, however it is written. */
export function wordsOf(address: string): number[] {
  const [head = '', tail = ''] = address.replace(/%.*$/, '').replace(DOTTED, hexOfDotted).split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const zeros = address.includes('::') ? Array.from({ length: 8 - left.length - right.length }, () => '0') : []
  return [...left, ...zeros, ...right].map((word) => Number.parseInt(word, 16))
}

/** The IPv4 address that stands in two words of an IPv6 address. */
export function ipv4At(words: readonly number[], first: number): string {
  const [high = 0, low = 0] = words.slice(first, first + 2)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

const DOTTED = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/

function hexOfDotted(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

/** IPv6 networks are counted by /64: whoever has one address there has them all. */
export function addressBucket(address: string): string {
  if (!address.includes(':')) return address
  const network = wordsOf(address).slice(0, 4)
  return `${network.map((word) => word.toString(16)).join(':')}::/64`
}
