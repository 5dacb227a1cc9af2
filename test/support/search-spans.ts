// What dates and numbers stand for in a search, said once more and as plainly as possible.

/** When something was: at a date of some precision, or in a period, of which one end may be open. */
export type When = string | { readonly start?: string; readonly end?: string }

/** The span of a date at its precision, or from the beginning of a period's start to the end of its end. */
export function spanOf(when: When): readonly [number, number] {
  if (typeof when === 'string') return spanOfDate(when)
  const { start, end } = when
  return [
    start === undefined ? Number.NEGATIVE_INFINITY : spanOfDate(start)[0],
    end === undefined ? Number.POSITIVE_INFINITY : spanOfDate(end)[1],
  ]
}

function spanOfDate(date: string): readonly [number, number] {
  const [, year, month, day, time, part] = /^(\d{4})-?(\d\d)?-?(\d\d)?(T[\d:]{8})?(\.\d+)?/.exec(date) ?? []
  const start = Date.parse(`${year}-${month ?? '01'}-${day ?? '01'}${time ?? 'T00:00:00'}${part ?? ''}Z`)
  const end = new Date(start)
  if (part !== undefined) return [start, start + 10 ** (4 - part.length)]
  if (time !== undefined) return [start, start + 1000]
  if (day !== undefined) end.setUTCDate(end.getUTCDate() + 1)
  else if (month !== undefined) end.setUTCMonth(end.getUTCMonth() + 1)
  else end.setUTCFullYear(end.getUTCFullYear() + 1)
  return [start, end.getTime()]
}

type Spans = { readonly low: number; readonly high: number; readonly from: number; readonly to: number }

const inside = ({ low, high, from, to }: Spans): boolean => low >= from && high <= to
/** What each prefix of a date means: https://hl7.org/fhir/R4/search.html#prefix */
export const ON_SPANS: Readonly<Record<string, (spans: Spans) => boolean>> = {
  '': inside,
  eq: inside,
  ne: spans => !inside(spans),
  gt: ({ high, to }) => high > to,
  lt: ({ low, from }) => low < from,
  ge: spans => spans.high > spans.to || inside(spans),
  le: spans => spans.low < spans.from || inside(spans),
  sa: ({ low, to }) => low >= to,
  eb: ({ high, from }) => high <= from,
}

/** A number as it was written stands for all that would be rounded to it. */
function roundedTo(written: string): readonly [number, number] {
  const [digits = '', exponent = '0'] = written.split('e')
  const places = (digits.split('.')[1] ?? '').length - Number(exponent)
  const scale = 10 ** Math.abs(places + 1)
  const [low, high] = [-5, 5].map(half =>
    places + 1 >= 0
      ? (Math.round(Number(written) * scale) + half) / scale
      : (Math.round(Number(written) / scale) + half) * scale,
  )
  return [low ?? 0, high ?? 0]
}

const isRounded = (stored: number, asked: string): boolean => {
  const [low, high] = roundedTo(asked)
  return stored >= low && stored < high
}

/** What each prefix of a number means. */
export const ON_NUMBERS: Readonly<Record<string, (stored: number, asked: string) => boolean>> = {
  '': isRounded,
  eq: isRounded,
  ne: (stored, asked) => !isRounded(stored, asked),
  gt: (stored, asked) => stored > Number(asked),
  lt: (stored, asked) => stored < Number(asked),
  ge: (stored, asked) => stored >= Number(asked),
  le: (stored, asked) => stored <= Number(asked),
  sa: (stored, asked) => stored > Number(asked),
  eb: (stored, asked) => stored < Number(asked),
}
