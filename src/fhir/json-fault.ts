export type JsonFault = { offset: number; text: string }

type Step = (text: string, at: number) => number | JsonFault

const SPACE = /[ \t\n\r]*/y
const PLAIN = /[^"\\\u0000-\u001f]+/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
/** As much as is quoted back: enough to find the place, too little to leak a record into a log. */
const QUOTED = 20

/**
 * Where and why a text is not JSON (RFC 8259), or has a member twice. Slow and exact: it runs only when JSON.parse,
 * whose messages differ between versions and quote the text, has refused or changed something.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const open: (Set<string> | undefined)[] = []
  let at = skip(SPACE, text, 0)
  for (;;) {
    const begun = value(text, at)
    if (typeof begun !== 'number') return begun
    const bracket = text[at]
    at = skip(SPACE, text, begun)
    let names: Set<string> | undefined
    if (bracket === '{' || bracket === '[') {
      names = bracket === '{' ? new Set() : undefined
      if (text[at] !== (names ? '}' : ']')) {
        open.push(names)
        const next = names ? member(names)(text, at) : at
        if (typeof next !== 'number') return next
        at = next
        continue
      }
      at = skip(SPACE, text, at + 1)
    }
    const next = close(text, at, open)
    if (typeof next !== 'number') return next
    if (open.length === 0) return next < text.length ? unexpected(text, next, 'the end of the text') : undefined
    at = next
  }
}

/** Past a scalar, or past the bracket that opens an object or array. */
function value(text: string, at: number): number | JsonFault {
  const char = text[at]
  if (char === '{' || char === '[') return at + 1
  if (char === '"') return string(text, at)
  const end = Math.max(skip(NUMBER, text, at), skip(WORD, text, at))
  return end > at ? end : unexpected(text, at, 'a value')
}

function string(text: string, at: number): number | JsonFault {
  if (text[at] !== '"') return unexpected(text, at, 'a member name in double quotes')
  let end = at + 1
  for (let from = 0; from < end; ) {
    from = end
    end = skip(ESCAPE, text, skip(PLAIN, text, end))
  }
  if (text[end] === '"') return end + 1
  if (end >= text.length) return { offset: at, text: 'a string begins that is never closed' }
  return { offset: end, text: 'a string holds a control character or a wrong escape' }
}

/** Past `"name":` and the space after it. */
const member =
  (names: Set<string>): Step =>
  (text, at) => {
    const end = string(text, at)
    if (typeof end !== 'number') return end
    const name: string = JSON.parse(text.slice(at, end))
    if (name === '__proto__') return { offset: at, text: 'the member name "__proto__" is not accepted' }
    if (names.has(name)) return { offset: at, text: `the member ${quote(name)} is there twice in one object` }
    names.add(name)
    const colon = skip(SPACE, text, end)
    return text[colon] === ':' ? skip(SPACE, text, colon + 1) : unexpected(text, colon, '":"')
  }

/** Past the brackets that close here, and the comma (and member name) before the next value. */
function close(text: string, from: number, open: (Set<string> | undefined)[]): number | JsonFault {
  let at = from
  while (open.length > 0) {
    const names = open.at(-1)
    if (text[at] === ',') {
      at = skip(SPACE, text, at + 1)
      return names ? member(names)(text, at) : at
    }
    if (text[at] !== (names ? '}' : ']')) return unexpected(text, at, names ? '"," or "}"' : '"," or "]"')
    open.pop()
    at = skip(SPACE, text, at + 1)
  }
  return at
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function unexpected(text: string, offset: number, wanted: string): JsonFault {
  if (offset >= text.length) return { offset, text: `the text ends where ${wanted} was expected` }
  return { offset, text: `${wanted} was expected, not ${quote(text.slice(offset, offset + QUOTED + 1))}` }
}

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED ? `${text.slice(0, QUOTED - 1)}…` : text)
}
