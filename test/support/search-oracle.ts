// What a search means, said once more and as plainly as possible: a filter over resources in memory.
import fc from 'fast-check'
import type { Json } from '../../src/fhir/types.ts'
import { BEGINNINGS, begins, folded, NAMES, PLACES } from './search-names.ts'
import { ON_NUMBERS, ON_SPANS, spanOf, type When } from './search-spans.ts'

/** An Observation as far as the searches of the properties look at it, with what it names and what names it. */
export type Sample = {
  readonly id: string
  readonly status: 'final' | 'corrected' | 'amended'
  readonly codes: readonly { readonly system?: string; readonly code: string }[]
  readonly date: When | undefined
  readonly text: string | undefined
  readonly quantity: string | undefined
  readonly performer: string | undefined
  readonly encounter: keyof typeof ENCOUNTERS | undefined
  /** The status of the report that has it among its results. */
  readonly reported: (typeof REPORTS)[number] | undefined
}

/** A condition of a search: how it is written, and what it means. */
export type Condition = { readonly name: string; readonly value: string; holds(sample: Sample): boolean }

/** The visits that the samples name, with the code of their class. */
export const ENCOUNTERS = { ward: 'IMP', clinic: 'AMB', home: 'HH' } as const
export const REPORTS = ['final', 'amended', 'corrected'] as const
const VISITS = ['ward', 'clinic', 'home'] as const

const SYSTEMS = ['urn:a', 'urn:b']
const CODES = ['1', '2', 'a,b', 'c|d']
const DATES = [
  '2025',
  '2026',
  '2026-02',
  '2026-03',
  '2026-02-03',
  '2026-02-28',
  '2026-03-01',
  '2026-02-03T10:30:00Z',
  '2026-12-31T23:59:59.5Z',
]
const PERIODS: readonly When[] = [
  { start: '2026-02-03', end: '2026-02-28' },
  { start: '2025', end: '2026-02' },
  { start: '2026-03-01T00:00:00Z', end: '2026-03-01T10:30:00Z' },
  { start: '2026-02' },
  { end: '2026-02-03T10:30:00Z' },
  { end: '2025' },
]
const WORDS = ['Crème', 'creme', 'b,c', 'd|e', 'f\\g', 'h$', '50%', 'a_b', 'Ω']
const NUMBERS = ['0', '-1', '5', '5.0', '5.4', '5.45', '5.35', '6', '100', '1e2', '149']
const PERFORMERS = ['Practitioner/p', 'Practitioner/q', 'Organization/p']
const NUMBERED = 'urn:number'

const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined })
const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map(each => each.join(' '))
const coding = fc
  .record({ system: optional(fc.constantFrom(...SYSTEMS)), code: fc.constantFrom(...CODES) })
  .map(({ system, code }) => (system === undefined ? { code } : { system, code }))

/** Observations that have a bit of everything, and nothing of much. */
export const samples = (count: number, seed: number): Sample[] =>
  fc
    .sample(
      fc.record({
        status: fc.constantFrom('final' as const, 'corrected' as const, 'amended' as const),
        codes: fc.array(coding, { minLength: 1, maxLength: 3 }),
        date: optional(fc.constantFrom(...DATES, ...PERIODS)),
        text: optional(words),
        quantity: optional(fc.constantFrom(...NUMBERS)),
        performer: optional(fc.constantFrom(...PERFORMERS)),
        encounter: optional(fc.constantFrom(...VISITS)),
        reported: optional(fc.constantFrom(...REPORTS)),
      }),
      { numRuns: count, seed },
    )
    .map((sample, index) => ({
      ...sample,
      id: `s${index}`,
      quantity: sample.text === undefined ? sample.quantity : undefined,
    }))

/** The resource of a sample, as a patient's. */
export const resourceOf = (sample: Sample, patient: string): Json => ({
  resourceType: 'Observation',
  id: sample.id,
  status: sample.status,
  // Another patient's has the same.
  identifier: [{ system: NUMBERED, value: sample.id.replace(/\D/g, '') }],
  code: { coding: sample.codes },
  subject: { reference: `Patient/${patient}` },
  ...(typeof sample.date === 'string' ? { effectiveDateTime: sample.date } : {}),
  ...(typeof sample.date === 'object' ? { effectivePeriod: sample.date } : {}),
  ...(sample.text === undefined ? {} : { valueString: sample.text }),
  ...(sample.quantity === undefined ? {} : { valueQuantity: { value: Number(sample.quantity), unit: 'mg' } }),
  ...(sample.performer === undefined ? {} : { performer: [{ reference: sample.performer }] }),
  ...(sample.encounter === undefined ? {} : { encounter: { reference: `Encounter/${patient}-${sample.encounter}` } }),
})

/** What samples of a patient name, and the reports that name them. */
export const around = (samples: readonly Sample[], patient: string): Json[] => [
  ...VISITS.map(visit => ({
    resourceType: 'Encounter',
    id: `${patient}-${visit}`,
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: ENCOUNTERS[visit] },
    location: [{ location: { reference: `Location/${visit}` } }],
    subject: { reference: `Patient/${patient}` },
  })),
  ...REPORTS.map(status => ({
    resourceType: 'DiagnosticReport',
    id: `${patient}-${status}`,
    status,
    code: { text: 'a report' },
    subject: { reference: `Patient/${patient}` },
    result: samples.flatMap(({ id, reported }) => (reported === status ? [{ reference: `Observation/${id}` }] : [])),
  })),
]

const escaped = (text: string): string => text.replace(/[\\,|$]/g, '\\$&')

const token = fc
  .record({ system: fc.constantFrom(undefined, '', ...SYSTEMS), code: fc.constantFrom(undefined, ...CODES) })
  .map(
    ({ system, code }): Condition => ({
      name: 'code',
      value:
        system === undefined
          ? escaped(code ?? '1')
          : `${system}|${code === undefined ? (system === '' ? '1' : '') : escaped(code)}`,
      holds: ({ codes }) =>
        codes.some(
          each =>
            (system === undefined || (each.system ?? '') === system) &&
            (code === undefined
              ? system === undefined || system === ''
                ? each.code === '1'
                : true
              : each.code === code),
        ),
    }),
  )

const status = fc
  .constantFrom('final', 'corrected', 'amended', 'registered')
  .map((value): Condition => ({ name: 'status', value, holds: sample => sample.status === value }))

const date = fc.tuple(fc.constantFrom(...Object.keys(ON_SPANS)), fc.constantFrom(...DATES)).map(
  ([prefix, asked]): Condition => ({
    name: 'date',
    value: `${prefix}${asked}`,
    holds: sample => {
      if (sample.date === undefined) return false
      const [[low, high], [from, to]] = [spanOf(sample.date), spanOf(asked)]
      return ON_SPANS[prefix]?.({ low, high, from, to }) ?? false
    },
  }),
)

const text = fc.tuple(fc.constantFrom('', ':exact', ':contains'), words).map(
  ([modifier, asked]): Condition => ({
    name: `value-string${modifier}`,
    value: escaped(asked),
    holds: ({ text: stored }) => {
      if (stored === undefined) return false
      if (modifier === ':exact') return stored === asked
      return modifier === '' ? folded(stored).startsWith(folded(asked)) : folded(stored).includes(folded(asked))
    },
  }),
)

const quantity = fc.tuple(fc.constantFrom(...Object.keys(ON_NUMBERS)), fc.constantFrom(...NUMBERS)).map(
  ([prefix, asked]): Condition => ({
    name: 'value-quantity',
    value: `${prefix}${asked}`,
    holds: ({ quantity: stored }) => stored !== undefined && (ON_NUMBERS[prefix]?.(Number(stored), asked) ?? false),
  }),
)

const performer = fc.constantFrom(...PERFORMERS, 'p').map(
  (value): Condition => ({
    name: 'performer',
    value,
    holds: ({ performer: stored }) => stored === value || (value === 'p' && stored?.endsWith('/p') === true),
  }),
)

const id = fc
  .integer({ min: 0, max: 70 })
  .map((number): Condition => ({ name: '_id', value: `s${number}`, holds: sample => sample.id === `s${number}` }))

const chained = fc
  .tuple(fc.constantFrom('encounter.class', 'encounter:Encounter.class'), fc.constantFrom(...VISITS))
  .map(
    ([name, visit]): Condition => ({ name, value: ENCOUNTERS[visit], holds: ({ encounter }) => encounter === visit }),
  )

const performing = fc.constantFrom(...BEGINNINGS).chain(text =>
  fc.constantFrom<Condition>(
    {
      name: 'performer:Practitioner.family',
      value: text,
      holds: ({ performer = '' }) => performer.startsWith('Practitioner/') && begins(NAMES[performer], text),
    },
    {
      name: 'performer:Organization.name',
      value: text,
      holds: ({ performer = '' }) => performer.startsWith('Organization/') && begins(NAMES[performer], text),
    },
    {
      name: 'encounter.location.name',
      value: text,
      holds: ({ encounter }) => begins(encounter && PLACES[encounter], text),
    },
  ),
)

const visited = fc.tuple(fc.constantFrom('pat', 'other'), fc.constantFrom(...VISITS)).map(
  ([whose, visit]): Condition => ({
    name: 'encounter',
    value: `Encounter/${whose}-${visit}`,
    holds: ({ encounter }) => whose === 'pat' && encounter === visit,
  }),
)

const numbered = fc.integer({ min: 0, max: 70 }).map(
  (number): Condition => ({
    name: 'identifier',
    value: `${NUMBERED}|${number}`,
    holds: sample => sample.id === `s${number}`,
  }),
)

const reversed = fc.constantFrom(...REPORTS).map(
  (value): Condition => ({
    name: '_has:DiagnosticReport:result:status',
    value,
    holds: ({ reported }) => reported === value,
  }),
)

/** Any condition. */
export const condition: fc.Arbitrary<Condition> = fc.oneof(
  token,
  status,
  date,
  text,
  quantity,
  performer,
  id,
  chained,
  performing,
  visited,
  numbered,
  reversed,
)

/** Two conditions on the same parameter, as they may be alternatives of each other. */
export const twoOfOne: fc.Arbitrary<readonly [Condition, Condition]> = fc
  .tuple(condition, condition)
  .filter(([a, b]) => a.name === b.name)

/** A condition on tokens, which `:not` can turn round. */
export const tokenCondition: fc.Arbitrary<Condition> = fc.oneof(token, status)

/** The parameters that the samples have values for, with whether one has. */
export const PRESENCE: Readonly<Record<string, (sample: Sample) => boolean>> = {
  date: sample => sample.date !== undefined,
  'value-string': sample => sample.text !== undefined,
  'value-quantity': sample => sample.quantity !== undefined,
  performer: sample => sample.performer !== undefined,
  status: () => true,
  code: () => true,
}

/** By what the samples can be sorted: a value that compares, or nothing for one that comes last. */
export const ORDERS: Readonly<Record<string, (sample: Sample) => string | number | undefined>> = {
  _id: sample => sample.id,
  date: sample => (sample.date === undefined ? undefined : spanOf(sample.date)[0]),
  status: sample => sample.status,
  'value-string': sample => (sample.text === undefined ? undefined : folded(sample.text)),
  'value-quantity': sample => (sample.quantity === undefined ? undefined : Number(sample.quantity)),
  performer: sample => sample.performer,
}
