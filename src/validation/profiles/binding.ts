import { quote } from '../report.ts'
import { isObject } from '../run.ts'
import { hasCode } from './codes.ts'
import { codingsIn } from './codings.ts'
import { type Examination, note } from './examination.ts'
import type { ElementRule } from './rule.ts'
import type { Item } from './values.ts'

/**
 * Codes of required bindings, and of extensible ones as a warning, for which something else may be right:
 * https://hl7.org/fhir/R4/terminologies.html#strength
 */
export function checkBinding(
  { strength, valueSet }: NonNullable<ElementRule['binding']>,
  { value, extra, type }: Item,
  exam: Examination,
): void {
  if ((strength !== 'required' && strength !== 'extensible') || value === undefined || value === null) return
  const codes = exam.catalog.codes(valueSet)
  if (!codes) {
    exam.unchecked.add(`whether codes are of ${valueSet}, which is not loaded`)
    return
  }
  const codings = codingsIn(value)
  const isRequired = strength === 'required'
  const isExtended = extra !== undefined || (isObject(value) && value.extension !== undefined)
  if (codings.length === 0) {
    if (isRequired && !isExtended && isObject(value) && type !== 'Quantity')
      note(exam, 'code-invalid', `A code of ${valueSet} is required`)
    return
  }
  const answers = codings.map(({ system, code }) => hasCode(codes, system, code))
  if (answers.includes(true)) return
  if (answers.includes(undefined)) {
    exam.unchecked.add(`whether codes are of ${valueSet}, which cannot be listed here`)
    return
  }
  const found = codings.map(({ system, code }) => quote(system ? `${system}|${code}` : code)).join(', ')
  const text = isRequired
    ? `${found} is not of ${valueSet}, which is required`
    : `${found} is not of ${valueSet}, which is to be used where it has a fitting code`
  note(exam, 'code-invalid', text, [], isRequired ? 'error' : 'warning')
}
