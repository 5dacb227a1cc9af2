import { judgeIdentifier } from '../fhir/identifier-rules.ts'
import type { Json } from '../fhir/types.ts'
import { type Run, report } from './run.ts'

/** An Identifier that was not written as it is kept. */
export type Spelling = { readonly identifier: Json; readonly plain: string }

/** An Identifier of a system whose values have rules of their own: https://hl7.org/fhir/R4/datatypes.html#Identifier */
export function identifier(object: Json, run: Run): void {
  const { system, value } = object
  if (typeof value !== 'string') return
  const judged = judgeIdentifier(system, value)
  if (judged === undefined) return
  const { plain, fault } = judged
  if (fault !== undefined) report(run, 'value', () => fault, 'value')
  else if (plain !== value) run.spellings.push({ identifier: object, plain })
}

/** Writes identifiers as they are kept, so that whoever compares them later compares one spelling. */
export function spell(spellings: readonly Spelling[]): void {
  for (const { identifier, plain } of spellings) identifier.value = plain
}
