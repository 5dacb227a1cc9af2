// What may be in a narrative: https://hl7.org/fhir/R4/narrative.html#xhtml (txt-1, txt-2). Whoever shows it puts it into a
// page, so what is not known to be harmless is refused. It is scanned by characters, not by regular expressions, for most
// of the time that a resource's validation takes would be theirs.

const ELEMENTS = new Set(
  (
    'a abbr acronym address area b bdo big blockquote br caption center cite code col colgroup dd dfn div dl dt em font ' +
    'h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q s samp small span strike strong sub sup table tbody td tfoot th ' +
    'thead tr tt u ul var'
  ).split(' '),
)
const PLAIN = 0
const ADDRESS = 1
const STYLE = 2
const NAMESPACE = 3
/** The attributes of those elements, and which of them need a closer look. */
const ATTRIBUTES: ReadonlyMap<string, number> = new Map<string, number>([
  ...(
    'abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset class clear color cols ' +
    'colspan compact coords datetime dir face frame headers height hreflang hspace id idref ismap lang media name noshade ' +
    'nowrap rel rev rows rowspan rules scope shape size span start summary tabindex title type valign value vspace width ' +
    'xml:lang xml:space'
  )
    .split(' ')
    .map((name): [string, number] => [name, PLAIN]),
  // Those that hold an address: nothing in a narrative may run.
  ...'href src cite longdesc background usemap'.split(' ').map((name): [string, number] => [name, ADDRESS]),
  ['style', STYLE],
  ['xmlns', NAMESPACE],
])
const RUNS = /^(?:javascript|vbscript|data(?!:image\/(?:png|gif|jpeg|webp)[;,])):?/i
/** In XML any of these can be written as entities, and browsers skip white space and control characters. */
const HIDDEN = /[\u0000-\u0020\u007f-\u00a0]/g
const STYLE_RUNS = /expression\s*\(|url\s*\(|javascript:|@import|behavior\s*:|\\/i
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const XHTML = 'http://www.w3.org/1999/xhtml'

const LESS = 0x3c
const GREATER = 0x3e
const SLASH = 0x2f
const EQUALS = 0x3d
const BANG = 0x21
const NO_BREAK_SPACE = 0xa0
const HASH = 0x23
const SMALL_X = 0x78
const SEMICOLON = 0x3b
type Names = ReadonlyMap<number, string>

/** Names of at most five letters by these as one number, so that most need not be cut out of the text. */
const shortOnes = (names: Iterable<string>): Names =>
  new Map([...names].filter(name => /^[a-z0-9]{1,5}$/.test(name)).map(name => [packed(name, 0, name.length), name]))

const SHORT_ELEMENTS = shortOnes(ELEMENTS)
const SHORT_ATTRIBUTES = shortOnes(ATTRIBUTES.keys())

/** Where the scan stands, and what it has seen. */
type Scan = {
  readonly div: string
  at: number
  /** The next & not yet looked at. */
  ampersand: number
  readonly open: string[]
  hasContent: boolean
}

/** What is wrong with a narrative's div, or undefined when it is well-formed and has only what the standard allows. */
export function narrativeFault(div: string): string | undefined {
  if (CONTROL.test(div)) return 'it has control characters'
  const scan: Scan = { div, at: afterSpace(div, 0), ampersand: 0, open: [], hasContent: false }
  if (!div.startsWith('<div', scan.at) || isNameChar(div.charCodeAt(scan.at + 4))) return 'it has to begin with <div'
  scan.ampersand = next(div, '&', scan.at)
  while (scan.at < div.length) {
    const fault = tagFault(scan) ?? (scan.open.length > 0 ? textFault(scan) : undefined)
    if (fault !== undefined) return fault
    if (scan.open.length === 0) return endFault(scan)
  }
  return `<${scan.open.at(-1)}> is not closed`
}

function tagFault(scan: Scan): string | undefined {
  const { div, at } = scan
  const second = div.charCodeAt(at + 1)
  if (second === BANG && div.startsWith('<!--', at)) return commentFault(scan)
  return second === SLASH ? endTagFault(scan) : startTagFault(scan)
}

function commentFault(scan: Scan): string | undefined {
  const end = scan.div.indexOf('-->', scan.at + 4)
  if (end < 0) return 'a comment is not closed'
  scan.at = end + 3
  if (scan.ampersand < scan.at) scan.ampersand = next(scan.div, '&', scan.at)
  return undefined
}

function endTagFault(scan: Scan): string | undefined {
  const { div, at, open } = scan
  const last = open.pop() ?? ''
  if (isAt(div, last, at + 2)) {
    const end = afterSpace(div, at + 2 + last.length)
    if (div.charCodeAt(end) === GREATER) {
      scan.at = end + 1
      return undefined
    }
  }
  const name = div.slice(at + 2, endOfName(div, at + 2))
  if (name === last || !ELEMENTS.has(name)) return malformed(scan)
  return `</${name}> closes <${last}>`
}

function startTagFault(scan: Scan): string | undefined {
  const { div, at, open } = scan
  let end = endOfName(div, at + 1)
  const known = shortName(SHORT_ELEMENTS, div, at + 1, end)
  const name = known ?? div.slice(at + 1, end)
  if (name === '') return malformed(scan)
  if (known === undefined && !ELEMENTS.has(name)) return `<${name.slice(0, 20)}> is not allowed in a narrative`
  let isXhtml = open.length > 0
  let before = ''
  let others: string[] | undefined
  for (;;) {
    const from = afterSpace(div, end)
    const char = div.charCodeAt(from)
    const isEmpty = char === SLASH
    if (isEmpty || char === GREATER) {
      if (isEmpty && div.charCodeAt(from + 1) !== GREATER) return malformed(scan)
      scan.at = from + (isEmpty ? 2 : 1)
      if (!isXhtml) return `its first <div> needs xmlns="${XHTML}"`
      if (!isEmpty) open.push(name)
      scan.hasContent ||= name === 'img'
      return undefined
    }
    if (from === end) return malformed(scan)
    const nameEnd = endOfName(div, from)
    const attribute = shortName(SHORT_ATTRIBUTES, div, from, nameEnd) ?? div.slice(from, nameEnd)
    const begin = beginOfValue(div, nameEnd)
    if (begin < 0) return malformed(scan)
    end = endOfValue(div, begin)
    if (end < 0 || attribute === before || others?.includes(attribute)) return malformed(scan)
    const fault = attributeFault(scan, attribute, begin, end)
    if (fault !== undefined) return fault
    if (attribute === 'xmlns') isXhtml = true
    if (before !== '') others = [...(others ?? []), before]
    before = attribute
    end++
  }
}

/** After the = and the quote; -1 when they are not there. */
function beginOfValue(div: string, nameEnd: number): number {
  const equals = afterSpace(div, nameEnd)
  if (div.charCodeAt(equals) !== EQUALS) return -1
  const quote = afterSpace(div, equals + 1)
  const char = div.charAt(quote)
  return char === '"' || char === "'" ? quote + 1 : -1
}

/** Where the quote is that ends a value; -1 when there is none before the next tag. */
function endOfValue(div: string, begin: number): number {
  const quote = div.charCodeAt(begin - 1)
  for (let at = begin; at < div.length; at++) {
    const char = div.charCodeAt(at)
    if (char === quote) return at
    if (char === LESS) return -1
  }
  return -1
}

/** Whether a name stands at a place: quicker than startsWith, for names are short. */
function isAt(div: string, name: string, from: number): boolean {
  for (let index = 0; index < name.length; index++)
    if (div.charCodeAt(from + index) !== name.charCodeAt(index)) return false
  return true
}

function attributeFault(scan: Scan, name: string, begin: number, end: number): string | undefined {
  const kind = ATTRIBUTES.get(name)
  if (kind === undefined) return `the attribute ${name.slice(0, 20)} is not allowed in a narrative`
  const fault = entityFault(scan, end)
  if (fault !== undefined || kind === PLAIN) return fault
  const value = scan.div.slice(begin, end)
  if (kind === NAMESPACE) return value === XHTML ? undefined : `its <div> needs xmlns="${XHTML}"`
  const plain = value.includes('&') ? value.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|\w+);/g, decode) : value
  if (kind === STYLE) return STYLE_RUNS.test(plain) ? 'its style refers to something outside' : undefined
  return RUNS.test(plain.replace(HIDDEN, '')) ? `its ${name} is not an address that may be in a narrative` : undefined
}

/** The text up to the next tag. */
function textFault(scan: Scan): string | undefined {
  const { div } = scan
  const less = div.charCodeAt(scan.at) === LESS ? scan.at : next(div, '<', scan.at)
  if (!scan.hasContent) scan.hasContent = afterSpace(div, scan.at) < less
  scan.at = less
  return entityFault(scan, less)
}

/** Each & up to a place has to begin an entity. */
function entityFault(scan: Scan, end: number): string | undefined {
  while (scan.ampersand < end) {
    if (!isEntity(scan.div, scan.ampersand + 1)) return 'an & is not written as &amp;'
    scan.ampersand = next(scan.div, '&', scan.ampersand + 1)
  }
  return undefined
}

/** Whether a name, `#160` or `#xA0` stands after an &, and a semicolon after that. */
function isEntity(div: string, from: number): boolean {
  const isNumber = div.charCodeAt(from) === HASH
  const isHex = isNumber && div.charCodeAt(from + 1) === SMALL_X
  const begin = from + (isHex ? 2 : isNumber ? 1 : 0)
  let at = begin
  for (; ; at++) {
    const char = div.charCodeAt(at)
    const letter = char | 32
    const isDigit = char >= 48 && char <= 57
    const isLetter = letter >= 97 && letter <= (isHex ? 102 : 122)
    if (!(isDigit ? isNumber || at > begin : isLetter && (isHex || !isNumber))) break
  }
  return at > begin && div.charCodeAt(at) === SEMICOLON
}

function endFault({ div, at, hasContent }: Scan): string | undefined {
  if (afterSpace(div, at) < div.length) return 'something follows its last </div>'
  return hasContent ? undefined : 'it has no content'
}

const malformed = ({ div, at }: Scan): string =>
  `the markup is not well-formed at ${JSON.stringify(div.slice(at, at + 20))}`

function next(text: string, char: string, from: number): number {
  const at = text.indexOf(char, from)
  return at < 0 ? text.length : at
}

function afterSpace(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char > 32 && char !== NO_BREAK_SPACE) break
  }
  return at
}

/** Letters, digits and :.-_ */
function isNameChar(char: number): boolean {
  return (
    (char >= 97 && char <= 122) ||
    (char >= 65 && char <= 90) ||
    (char >= 45 && char <= 58 && char !== SLASH) ||
    char === 95
  )
}

/** Five characters as one small number; others may have the same. */
function packed(text: string, from: number, end: number): number {
  let sum = 0
  for (let at = from; at < end; at++) sum = (sum << 6) | (text.charCodeAt(at) & 63)
  return sum
}

/** The known name that stands at a place, if it is a short one. */
function shortName(names: Names, text: string, from: number, end: number): string | undefined {
  if (end - from > 5) return undefined
  const known = names.get(packed(text, from, end))
  return known !== undefined && known.length === end - from && isAt(text, known, from) ? known : undefined
}

function endOfName(text: string, from: number): number {
  let at = from
  while (isNameChar(text.charCodeAt(at))) at++
  return at
}

/** Named entities stand for nothing that matters here but the colon and white space, whose names are dropped. */
function decode(entity: string, decimal?: string, hex?: string): string {
  const code = decimal ? Number.parseInt(decimal, 10) : hex ? Number.parseInt(hex, 16) : undefined
  if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : ''
  return entity === '&colon;' ? ':' : entity === '&amp;' ? '&' : ''
}
