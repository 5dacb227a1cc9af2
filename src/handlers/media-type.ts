/** A media type or range of an Accept header, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
export type MediaType = {
  /** Without parameters, in lower case. */
  readonly type: string
  /** By name, in lower case; values without quotes. */
  readonly parameters: ReadonlyMap<string, string>
  /** From 0, which refuses, to 1. */
  readonly quality: number
}

/** Reads one media type with its parameters; what is no parameter is passed over. */
export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';')
  const parameters = new Map<string, string>()
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals > 0)
      parameters.set(
        part.slice(0, equals).trim().toLowerCase(),
        part
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      )
  }
  const quality = Number(parameters.get('q') ?? 1)
  return { type: type.trim().toLowerCase(), parameters, quality: quality >= 0 && quality <= 1 ? quality : 1 }
}

/** The media types of an Accept header. */
export const parseMediaTypes = (accept: string): MediaType[] =>
  accept
    .split(',')
    .map(parseMediaType)
    .filter(({ type }) => type !== '')
