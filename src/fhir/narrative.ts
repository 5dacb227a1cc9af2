// What may be in a narrative: https://hl7.org/fhir/R4/narrative.html#xhtml. Whoever shows it puts it into a page, so what
// is not known to be harmless is refused.

const ELEMENTS = new Set(
  (
    'a abbr acronym address area b bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em ' +
    'font h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp small span strike strong sub sup table tbody td ' +
    'tfoot th thead tr tt u ul var'
  ).split(' '),
)
/** Attributes that hold an address: nothing in a narrative may run. */
const ADDRESSES = new Set(['href', 'src', 'cite', 'longdesc', 'background', 'usemap'])
const RUNS = /^(?:javascript|vbscript|data(?!:image\/(?:png|gif|jpeg|webp)[;,])):?/i
/** In XML any of these can be written as entities, and browsers skip white space and control characters. */
const HIDDEN = /[\u0000-\u0020\u007f-\u00a0]/g
const STYLE_RUNS = /expression\s*\(|url\s*\(|javascript:|@import|behavior\s*:|\\/i

const TAG = /<(\/?)([A-Za-z][A-Za-z0-9:-]*)((?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y
const ATTRIBUTE = /([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const ENTITY = /&(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);/y
const XHTML = 'http://www.w3.org/1999/xhtml'

/** What is wrong with a narrative's div, or undefined when it is well-formed and has only what the standard allows. */
export function narrativeFault(div: string): string | undefined {
  if (!/^\s*<div[\s/>]/.test(div)) return 'it has to begin with <div'
  const open: string[] = []
  let content = false
  let at = div.indexOf('<')
  while (at < div.length) {
    if (div.startsWith('<!--', at)) {
      const end = div.indexOf('-->', at + 4)
      if (end < 0) return 'a comment is not closed'
      at = end + 3
    } else {
      TAG.lastIndex = at
      const tag = TAG.exec(div)
      if (!tag) return `the markup is not well-formed at ${JSON.stringify(div.slice(at, at + 20))}`
      const [, end, name = '', attributes = '', empty] = tag
      const fault = end ? closeTag(open, name, attributes + empty) : openTag(open, name, attributes, empty === '/')
      if (fault) return fault
      content ||= name === 'img'
      at = TAG.lastIndex
    }
    const next = nextTag(div, at)
    const text = div.slice(at, next)
    if (open.length === 0)
      return text.trim() || next < div.length ? 'something follows its last </div>' : empty(content)
    content ||= text.trim() !== ''
    if (text.includes('&') && !hasEntities(text)) return 'an & is not written as &amp;'
    at = next
  }
  return `<${open.at(-1)}> is not closed`
}

const empty = (content: boolean): string | undefined => (content ? undefined : 'it has no content')

function nextTag(div: string, at: number): number {
  const next = div.indexOf('<', at)
  return next < 0 ? div.length : next
}

function openTag(open: string[], name: string, attributes: string, empty: boolean): string | undefined {
  if (!ELEMENTS.has(name)) return `<${name.slice(0, 20)}> is not allowed in a narrative`
  let xmlns = open.length > 0
  for (const [, attribute = '', double, single = ''] of attributes.matchAll(ATTRIBUTE)) {
    const fault = attributeFault(attribute, double ?? single)
    if (fault) return fault
    if (attribute === 'xmlns') xmlns = (double ?? single) === XHTML
  }
  if (!xmlns) return `its first <div> needs xmlns="${XHTML}"`
  if (!empty) open.push(name)
  return undefined
}

function closeTag(open: string[], name: string, rest: string): string | undefined {
  if (rest !== '') return `</${name.slice(0, 20)}> is not well-formed`
  const last = open.pop()
  return last === name ? undefined : `</${name.slice(0, 20)}> closes <${last}>`
}

function attributeFault(name: string, value: string): string | undefined {
  const lower = name.toLowerCase()
  if (lower.startsWith('on')) return `the attribute ${name.slice(0, 20)} is not allowed in a narrative`
  if (value.includes('&') && !hasEntities(value)) return 'an & is not written as &amp;'
  if (!ADDRESSES.has(lower.slice(lower.indexOf(':') + 1)) && lower !== 'style') return undefined
  const plain = value.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|\w+);/g, decode)
  if (lower === 'style') return STYLE_RUNS.test(plain) ? 'its style refers to something outside' : undefined
  return RUNS.test(plain.replace(HIDDEN, '')) ? `its ${name} is not an address that may be in a narrative` : undefined
}

/** Named entities stand for nothing that matters here but the colon and white space, whose names are dropped. */
function decode(entity: string, decimal?: string, hex?: string): string {
  const code = decimal ? Number.parseInt(decimal, 10) : hex ? Number.parseInt(hex, 16) : undefined
  if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : ''
  return entity === '&colon;' ? ':' : entity === '&amp;' ? '&' : ''
}

function hasEntities(text: string): boolean {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    ENTITY.lastIndex = at
    if (!ENTITY.test(text)) return false
  }
  return true
}
