import { quote } from '../report.ts'
import { isObject } from '../run.ts'
import { hasCode } from './codes.ts'
import { codingsIn } from './codings.ts'
import { type CodeQuestion, type Examination, expressionOf, note } from './examination.ts'
import type { ElementRule } from './rule.ts'
import type { Item } from './values.ts'

/** How much a binding asks for, in words that follow the value set. */
export const ADVICE = {
  required: 'which is required',
  extensible: 'which is to be used where it has a fitting code',
} as const

/** That none of some codes is of the value set that a profile binds them to. */
export function outsideText({
  codings,
  valueSet,
  isRequired,
}: Pick<CodeQuestion, 'codings' | 'valueSet' | 'isRequired'>): string {
  const found = codings.map(({ system, code }) => quote(system ? `${system}|${code}` : code)).join(', ')
  return `${found} is not of ${valueSet}, ${ADVICE[isRequired ? 'required' : 'extensible']}`
}

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
  const codings = codingsIn(value)
  const isRequired = strength === 'required'
  const isExtended = extra !== undefined || (isObject(value) && value.extension !== undefined)
  if (codings.length === 0) {
    if (!codes) exam.unchecked.add(`whether codes are of ${valueSet}, which is not loaded`)
    else if (isRequired && !isExtended && isObject(value) && type !== 'Quantity')
      note(exam, 'code-invalid', `A code of ${valueSet} is required`)
    return
  }
  const answers = codings.map(({ system, code }) => codes && hasCode(codes, system, code))
  if (answers.includes(true)) return
  if (answers.includes(undefined)) {
    const open = codings.filter((_, index) => answers[index] === undefined)
    const why = codes ? 'which cannot be listed here' : 'which is not loaded'
    exam.questions.push({ codings: open, valueSet, isRequired, expression: expressionOf(exam.trail), why })
    return
  }
  note(exam, 'code-invalid', outsideText({ codings, valueSet, isRequired }), [], isRequired ? 'error' : 'warning')
}
