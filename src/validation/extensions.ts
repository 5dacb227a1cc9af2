import type { Json } from '../fhir/types.ts'
import { objectsOf } from './invariant.ts'
import { quote } from './report.ts'
import { type Run, report } from './run.ts'

/** ext-1 of https://hl7.org/fhir/R4/extensibility.html#Extension; `value` is the member of value[x] that is there. */
export function extension(object: Json, value: string | undefined, run: Run): void {
  if ((value === undefined) !== (object.extension === undefined)) return
  const text =
    value === undefined
      ? 'An extension has to have a value or extensions of its own (ext-1)'
      : 'An extension may have a value or extensions of its own, not both (ext-1)'
  report(run, 'invariant', () => text)
}

/**
 * Extensions that may change the meaning of what they are in: who does not know one must not take what it is in for what
 * it would be without. None is known: that a profile defines one does not make what is searched and shown here heed it.
 * https://hl7.org/fhir/R4/extensibility.html#modifierExtension
 */
export function modifiers(value: unknown, run: Run): void {
  for (const [index, { url }] of objectsOf(value).entries()) {
    if (typeof url !== 'string') continue
    const text = () =>
      `The modifier extension ${quote(url)} is not known here, and might change what this means: leave out what it is in`
    report(run, 'extension', text, 'modifierExtension', index)
  }
}
