import type { Bindings } from './bindings.ts'
import type { Distilled } from './distil.ts'
import type { Invariants } from './invariants.ts'
import type { Terminology } from './value-sets.ts'

/** The model as text: minified, but a line for each thing that may change, so that a diff can be read. */
export function print(model: Distilled): string {
  const params = Object.entries(model.searchParams).map(([type, list]) => `${JSON.stringify(type)}:${lines(list)}`)
  return [
    `{"resources":${JSON.stringify(model.resources)}`,
    `"types":${lines(model.types)}`,
    `"valueSets":${lines(model.valueSets, true)}`,
    `"searchParams":{\n${params.join(',\n')}}`,
    `"compartment":${lines(model.compartment)}}\n`,
  ].join(',\n')
}

/** The value sets as text, a line for each. */
export const printTerminology = ({ codeSystems, valueSets }: Terminology): string =>
  `{"codeSystems":${lines(codeSystems, true)},\n"valueSets":${lines(valueSets, true)}}\n`

/** The bindings as text, a line for each element and for each value set. */
export const printBindings = ({ elements, valueSets }: Bindings): string =>
  `{"elements":${lines(elements, true)},\n"valueSets":${lines(valueSets, true)}}\n`

/** The invariants as text, a line for each place that has some. */
export const printInvariants = (invariants: Invariants): string => `${lines(invariants)}\n`

function lines(record: Record<string, unknown>, sorted = false): string {
  const entries = Object.entries(record)
  if (sorted) entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{\n${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',\n')}}`
}
