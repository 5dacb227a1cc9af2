// Values of every datatype that a search parameter may lead to, and the texts that a search finds them by.
import type { Route } from '../../src/fhir/path.ts'

export const SYSTEM = 'http://example.org/codes'

/** What makes two values of one kind differ: a word for text, a day for dates, a number for quantities, a code of a list. */
export type Mark = { readonly word: string; readonly day: string; readonly number: number; readonly code: 0 | 1 }

/** A value for the end of a route, and the texts that a search finds it by. */
export type Made = { readonly value: unknown; readonly queries: readonly string[] }

/** Makes the values of a datatype: one for each way to write it. `target` is the type that a reference names. */
export type Maker = (mark: Mark, context: Context) => readonly Made[]

type Codes = NonNullable<Route['codes']>
/** Where a value will stand; `bound` are the codes of which a concept has to have one there. */
export type Context = { readonly route: Route; readonly target: string; readonly bound?: Codes | undefined }

type Makers = Readonly<Record<string, Maker>>

const one = (value: unknown, ...queries: string[]): Made[] => [{ value, queries }]
const coding = ({ word }: Mark) => ({ system: SYSTEM, code: word })
const tokenQueries = ({ word }: Mark) => [word, `${SYSTEM}|${word}`, `other|x,${SYSTEM}|${word}`]
const urlOf = ({ word }: Mark) => `http://example.org/${word}`
const url: Maker = mark => one(urlOf(mark), urlOf(mark))
const word: Maker = mark => one(mark.word, mark.word)

/** An organization is nobody's home. */
const NOT_EVERYWHERE = 'home'

function boundCode(mark: Mark, codes: Codes): Made[] {
  const pairs = Object.entries(codes)
    .flatMap(([system, values]) => values.map(value => ({ system, value })))
    .filter(({ value }) => value !== NOT_EVERYWHERE)
  const distinct = [...new Map(pairs.reverse().map(pair => [pair.value, pair])).values()].reverse()
  const found = distinct[mark.code]
  return found ? one(found.value, found.value, `${found.system}|${found.value}`) : []
}

/** A coding of the list; what was entered in error may not be said to be active, so that is left out. */
const boundConcept = (mark: Mark, codes: Codes): Made[] =>
  Object.entries(codes).flatMap(([system, values]) => {
    const code = values.filter(value => value !== 'entered-in-error')[mark.code]
    return one({ coding: [{ system, code }], text: mark.word }, `${code}`, `${system}|${code}`)
  })

const TOKEN: Makers = {
  Coding: mark => one(coding(mark), ...tokenQueries(mark)),
  CodeableConcept: (mark, { bound }) =>
    bound ? boundConcept(mark, bound) : one({ coding: [coding(mark)], text: mark.word }, ...tokenQueries(mark)),
  Identifier: mark => one({ system: SYSTEM, value: mark.word }, ...tokenQueries(mark)),
  ContactPoint: mark => ['phone', 'email'].flatMap(system => one({ system, value: mark.word }, mark.word)),
  code: (mark, context) => {
    const { codes, steps } = context.route
    if (codes) return boundCode(mark, codes)
    return steps.at(-1)?.member === 'contentType' ? one(`text/${mark.word}`, `text/${mark.word}`) : word(mark, context)
  },
  boolean: ({ code }) => one(code === 0, String(code === 0)),
  string: word,
  id: word,
  uri: url,
  canonical: url,
}

const at = ({ day }: Mark, time: string) => `${day}T${time}Z`
const period = (mark: Mark) => ({ start: at(mark, '10:30:00'), end: at(mark, '11:30:00') })
const moment: Maker = mark => one(at(mark, '10:30:00'), mark.day, at(mark, '10:30'), `gt2099-01-01,${mark.day}`)

const DATE: Makers = {
  date: ({ day }) => one(day, day, day.slice(0, 4), day.slice(0, 7)),
  dateTime: moment,
  instant: moment,
  Period: mark => one(period(mark), mark.day),
  Timing: mark => [
    ...one({ repeat: { boundsPeriod: period(mark) } }, mark.day),
    ...one({ event: [at(mark, '10:30:00')] }, mark.day),
  ],
}

const STRING: Makers = {
  string: mark => one(`${mark.word} text`, mark.word, mark.word.toUpperCase()),
  markdown: mark => one(`${mark.word} text`, mark.word),
  HumanName: mark => one({ family: `${mark.word}-name`, given: ['Given'] }, mark.word),
  Address: mark => one({ city: `${mark.word} City` }, mark.word),
}

const REFERENCE: Makers = {
  Reference: (mark, { target }) => one({ reference: `${target}/${mark.word}` }, `${target}/${mark.word}`, mark.word),
  canonical: url,
  uri: url,
}

const UNIT = { unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' }
const measured: Maker = ({ number }) =>
  one({ value: number, ...UNIT }, `${number}`, `${number}|${UNIT.system}|mg`, `${number}||mg`)

const QUANTITY: Makers = {
  Quantity: measured,
  Age: measured,
  Duration: measured,
  Distance: measured,
  Count: measured,
  Money: ({ number }) => one({ value: number, currency: 'GBP' }, `${number}`),
}

/** What a search parameter of a type can lead to; a datatype that is not here is not found by such a parameter. */
export const MAKERS: Readonly<Record<string, Makers>> = {
  token: TOKEN,
  date: DATE,
  string: STRING,
  reference: REFERENCE,
  quantity: QUANTITY,
  uri: { uri: url, url, canonical: url },
}

const SOME_DAY: Mark = { word: 'there', day: '2001-02-03', number: 1, code: 0 }

/** For a parameter that asks whether anything is there (`deceased`): something that is. */
export const existing: Maker = (_mark, context) => {
  const made = context.route.type === 'boolean' ? { value: true } : DATE[context.route.type]?.(SOME_DAY, context)[0]
  return made ? one(made.value, 'true') : []
}
