import { isIPv6 } from 'node:net'

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * The network that an address stands for when attempts are counted: an IPv4 address is one household or one gateway, of an IPv6
 * address that is its first half. The other half a single computer may change with each request (RFC 8981).
 */
export function networkOf(address: string): string {
  const [, mapped] = MAPPED.exec(address) ?? []
  if (mapped !== undefined) return mapped
  const plain = address.replace(/%.*$/, '')
  if (!isIPv6(plain)) return address
  const [head = '', tail] = plain.toLowerCase().split('::')
  const [first, last] = [head, tail ?? ''].map(part => part.split(':').filter(Boolean))
  const known = (first?.length ?? 0) + (last?.length ?? 0)
  const missing = tail === undefined ? 0 : 8 - known
  const groups = [...(first ?? []), ...Array<string>(missing).fill('0'), ...(last ?? [])]
  const half = groups.slice(0, 4).map(group => Number.parseInt(group, 16).toString(16))
  return `${half.join(':')}::/64`
}
