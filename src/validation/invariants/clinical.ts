import { isDeepStrictEqual } from 'node:util'
import { parseReference } from '../../fhir/reference.ts'
import type { Json } from '../../fhir/types.ts'
import { chosen, codingsOf, has, type Invariants, invariants, isCoded, objectsOf } from '../invariant.ts'
import { resolve } from '../references.ts'
import type { Run } from '../run.ts'

const ALLERGY_VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification'
const CONDITION_VERIFICATION = 'http://terminology.hl7.org/CodeSystem/condition-ver-status'
const CONDITION_CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical'

const isWrongAllergy = ({ verificationStatus }: Json): boolean =>
  isCoded(verificationStatus, ALLERGY_VERIFICATION, 'entered-in-error')

/** Whether no component repeats what the observation itself is of, where that has a value. */
function isSaidOnce(observation: Json): boolean {
  if (observation.component === undefined || chosen(observation, 'value') === undefined) return true
  const own = codingsOf(observation.code)
  return !objectsOf(observation.component).some(({ code }) =>
    codingsOf(code).some(coding => own.some(one => isDeepStrictEqual(one, coding))),
  )
}

/** ctm-1 asks what a reference leads to: its own text says so, or it is not known. */
function isForPractitioner({ onBehalfOf, member }: Json, run: Run): boolean {
  const { reference } = (member ?? {}) as Json
  if (onBehalfOf === undefined || typeof reference !== 'string') return true
  if (reference.startsWith('#')) {
    const found = resolve(reference, run)
    return found === undefined || found.resourceType === 'Practitioner'
  }
  const parsed = parseReference(reference)
  return !(parsed && 'type' in parsed) || parsed.type === 'Practitioner'
}

/** Those of the clinical types, by the element that has them. */
export const CLINICAL: Readonly<Record<string, Invariants>> = {
  AllergyIntolerance: invariants({
    'ait-1': [
      allergy => isWrongAllergy(allergy) || has(allergy, 'clinicalStatus'),
      'An allergy needs a clinicalStatus, unless its verificationStatus is entered-in-error',
      'clinicalStatus',
    ],
    'ait-2': [
      allergy => !isWrongAllergy(allergy) || !has(allergy, 'clinicalStatus'),
      'An allergy that was entered in error has no clinicalStatus',
      'clinicalStatus',
    ],
  }),
  'CarePlan.activity': invariants({
    'cpl-3': [
      activity => !has(activity, 'detail') || !has(activity, 'reference'),
      'An activity has a detail or a reference, not both',
    ],
  }),
  'CareTeam.participant': invariants({
    'ctm-1': [isForPractitioner, 'Only a member who is a Practitioner may act on behalf of another', 'onBehalfOf'],
  }),
  Condition: invariants({
    'con-4': [
      condition =>
        chosen(condition, 'abatement') === undefined ||
        isCoded(condition.clinicalStatus, CONDITION_CLINICAL, 'resolved', 'remission', 'inactive'),
      'A condition that has abated is of the clinicalStatus inactive, remission or resolved',
      'clinicalStatus',
    ],
    'con-5': [
      condition =>
        !isCoded(condition.verificationStatus, CONDITION_VERIFICATION, 'entered-in-error') ||
        !has(condition, 'clinicalStatus'),
      'A condition that was entered in error has no clinicalStatus',
      'clinicalStatus',
    ],
  }),
  'Condition.evidence': invariants({
    'con-2': [evidence => has(evidence, 'code') || has(evidence, 'detail'), 'Evidence needs a code or a detail'],
  }),
  'Condition.stage': invariants({
    'con-1': [stage => has(stage, 'summary') || has(stage, 'assessment'), 'A stage needs a summary or an assessment'],
  }),
  'Goal.target': invariants({
    'gol-1': [
      target => chosen(target, 'detail') === undefined || has(target, 'measure'),
      'A target with a detail needs the measure that it is of',
      'measure',
    ],
  }),
  'Immunization.education': invariants({
    'imm-1': [
      education => has(education, 'documentType') || has(education, 'reference'),
      'Education needs a documentType or a reference',
    ],
  }),
  Observation: invariants({
    'obs-6': [
      observation => !has(observation, 'dataAbsentReason') || chosen(observation, 'value') === undefined,
      'An observation with a value has no dataAbsentReason',
      'dataAbsentReason',
    ],
    'obs-7': [isSaidOnce, 'An observation has its value in itself or in the component of the same code, not in both'],
  }),
  'Observation.referenceRange': invariants({
    'obs-3': [
      range => has(range, 'low') || has(range, 'high') || has(range, 'text'),
      'A reference range needs a low, a high or a text',
    ],
  }),
  ServiceRequest: invariants({
    'prr-1': [
      request => !has(request, 'orderDetail') || has(request, 'code'),
      'A request with details of the order needs its code',
      'orderDetail',
    ],
  }),
}
