import { gunzipSync } from 'node:zlib'

const BLOCK = 512
const NAME = [0, 100] as const
const SIZE = [124, 136] as const
const KIND = 156
const PREFIX = [345, 500] as const
const PLAIN = new Set(['0', '\0', ''])
/** What a package may grow to: the largest that are known, those of the standard itself, have a tenth of it. */
const MOST_BYTES = 1024 * 1024 * 1024

const textOf = (header: Buffer, [from, to]: readonly [number, number]): string =>
  header.toString('utf8', from, to).split('\0')[0] ?? ''

/** The `path` of a pax header: lines of length, name and value. */
function paxPath(data: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(data.toString('utf8'))?.[1]
}

/**
 * The plain files in a .tgz, as FHIR packages are spread (https://hl7.org/fhir/packages.html): ustar, with the long
 * names of pax and GNU.
 */
export function* filesInTgz(bytes: Buffer): Generator<{ name: string; data: Buffer }> {
  const tar = gunzipSync(bytes, { maxOutputLength: MOST_BYTES })
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK)
    const size = Number.parseInt(textOf(header, SIZE).trim() || '0', 8)
    const ending = at + BLOCK + size
    if (Number.isNaN(size) || ending > tar.length) throw new Error('The archive is cut off, or is no tar archive')
    const name = [textOf(header, PREFIX), textOf(header, NAME)].filter(Boolean).join('/')
    if (name === '') return
    const data = tar.subarray(at + BLOCK, ending)
    const kind = textOf(header, [KIND, KIND + 1])
    if (kind === 'x') longName = paxPath(data)
    else if (kind === 'L') longName = data.toString('utf8').split('\0')[0]
    else {
      if (PLAIN.has(kind)) yield { name: longName ?? name, data }
      longName = undefined
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
}
