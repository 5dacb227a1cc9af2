import { decimalOf } from '../../fhir/json.ts'
import { has, type Invariants, invariants, listOf } from '../invariant.ts'

const isNotNegative = (value: unknown): boolean => !decimalOf(value)?.startsWith('-') || Number(decimalOf(value)) === 0

/** "With a meal" is no time that there could be an offset to. */
const MEALS = ['C', 'CM', 'CD', 'CV']

const needs = (name: string, other: string): [Invariants[string]['holds'], string] => [
  repeat => !has(repeat, name) || has(repeat, other),
  `A timing with ${name} needs ${other}`,
]

/** Those of https://hl7.org/fhir/R4/datatypes.html#Timing */
export const TIMING: Readonly<Record<string, Invariants>> = {
  'Timing.repeat': invariants({
    'tim-1': needs('duration', 'durationUnit'),
    'tim-2': needs('period', 'periodUnit'),
    'tim-4': [({ duration }) => isNotNegative(duration), 'A duration may not be negative', 'duration'],
    'tim-5': [({ period }) => isNotNegative(period), 'A period may not be negative', 'period'],
    'tim-6': needs('periodMax', 'period'),
    'tim-7': needs('durationMax', 'duration'),
    'tim-8': needs('countMax', 'count'),
    'tim-9': [
      repeat =>
        !has(repeat, 'offset') || (has(repeat, 'when') && !MEALS.some(meal => listOf(repeat.when).includes(meal))),
      'An offset needs a when that it is before or after, which C, CM, CD and CV are not',
      'offset',
    ],
    'tim-10': [
      repeat => !has(repeat, 'timeOfDay') || !has(repeat, 'when'),
      'A timing has timeOfDay or when, not both',
      'timeOfDay',
    ],
  }),
}
