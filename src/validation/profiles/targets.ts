import { RESOURCE_TYPES } from '../../fhir/model.ts'
import { quote } from '../report.ts'
import { isObject } from '../run.ts'
import { baseType } from './canonical.ts'
import type { Conforms } from './discriminators.ts'
import { type Examination, note } from './examination.ts'
import { contained, typeOfReference } from './links.ts'
import type { TypeRule } from './rule.ts'

/**
 * What a reference leads to: its type, as far as that can be read, and its profile, when it is contained. Others are not
 * looked up. https://hl7.org/fhir/R4/references.html
 */
export function checkTargets(types: readonly TypeRule[], value: unknown, exam: Examination, conforms: Conforms): void {
  const targets = types.flatMap(type => (type.code === 'Reference' ? type.targets : []))
  if (targets.length === 0 || !isObject(value)) return
  const type = typeOfReference(value, exam.resource)
  if (type === undefined || !RESOURCE_TYPES.has(type)) return
  const inside = contained(value.reference, exam.resource)
  const answers = targets.map(url => {
    const base = baseType(url)
    if (base !== undefined) return base === type || base === 'Resource' || base === 'DomainResource'
    const profile = exam.catalog.profile(url)
    if (!profile) return undefined
    if (profile.type !== type) return false
    return inside ? conforms(inside, url, exam) : undefined
  })
  if (answers.includes(true)) return
  if (!answers.includes(undefined))
    note(exam, 'value', `${quote(value.reference ?? type)} is none of ${targets.join(', ')}, which may be referred to`)
  else if (!targets.every(url => baseType(url) === undefined && exam.catalog.profile(url)?.type === type))
    exam.unchecked.add(`whether references lead to ${targets.join(', ')}`)
}
