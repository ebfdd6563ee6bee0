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
  if (blocks.length === 0) return true
  const plain = unmapped(address)
  const family = isIP(plain)
  if (family === 0) return false
  const list = new BlockList()
  for (const block of blocks.filter(isAddressBlock)) {
    const [base = '', prefix] = block.split('/')
    const net = unmapped(base)
    const kind = isIP(net) === 4 ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(net, kind)
    else list.addSubnet(net, net === base ? Number(prefix) : Number(prefix) - 96, kind)
  }
  return list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** `::ffff:192.0.2.1` and `::ffff:c000:201` are the IPv4 address that they hold. */
export function unmapped(address: string): string {
  if (!address.includes(':') || isIP(address) !== 6) return address
  const hex = /^(?:0{0,4}:){0,5}:?ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address)
  if (hex !== null) {
    const high = Number.parseInt(hex[1] as string, 16)
    const low = Number.parseInt(hex[2] as string, 16)
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  const dotted = /^(?:0{0,4}:){0,5}:?ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return dotted === null ? address : (dotted[1] as string)
}

/** IPv6 networks are counted by /64: whoever has one address there has them all. */
export function addressBucket(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail = ''] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const zeros = address.includes('::') ? Array.from({ length: 8 - left.length - right.length }, () => '0') : []
  return `${[...left, ...zeros, ...right]
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(':')}::/64`
}
