const QUOTE = '"'
const INDENT = '  '

/** The end of a string that begins at a quote: the index after its closing one. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== QUOTE) at += json[at] === '\\' ? 2 : 1
  return at + 1
}

/**
 * JSON with line breaks and indents, for `_pretty=true`: https://hl7.org/fhir/R4/http.html#pretty. It works on the text, so
 * that every number stays as it is written.
 */
export function prettyJson(json: string): string {
  let pretty = ''
  let depth = 0
  const line = () => `\n${INDENT.repeat(depth)}`
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? ''
    if (char === QUOTE) {
      const end = endOfString(json, at)
      pretty += json.slice(at, end)
      at = end - 1
    } else if (char === '{' || char === '[') {
      depth++
      pretty += char + line()
    } else if (char === '}' || char === ']') {
      depth--
      pretty += line() + char
    } else if (char === ',') pretty += char + line()
    else if (char === ':') pretty += ': '
    else if (char.trim() !== '') pretty += char
  }
  return pretty
}
