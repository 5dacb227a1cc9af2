import t from 'tap'
import { PATIENT_COMPARTMENT, searchParametersOf } from '../../src/fhir/model.ts'
import { definitions } from '../../src/resources/index.ts'

/** HL7's members of the Patient compartment that are left out, each with its reason in the declaration. */
const NARROWED: Readonly<Record<string, readonly string[]>> = {
  AllergyIntolerance: ['recorder', 'asserter'],
  Appointment: ['actor'],
  CarePlan: ['performer'],
  CareTeam: ['participant'],
  Communication: ['sender', 'recipient'],
  Condition: ['asserter'],
  Coverage: ['policy-holder', 'subscriber', 'payor'],
  DocumentReference: ['author'],
  Encounter: [],
  Group: ['member'],
  List: ['source'],
  Observation: ['performer'],
  Patient: ['link'],
  Procedure: ['performer'],
  QuestionnaireResponse: ['author'],
  Schedule: ['actor'],
  ServiceRequest: ['performer'],
}

/** Parameters that say the same as one of HL7's by another name, or that pure R4 lacks: `Task.for`, `Device.patient`. */
const OURS: Readonly<Record<string, readonly string[]>> = {
  Appointment: ['patient'],
  Device: ['patient'],
  Encounter: ['subject'],
  Task: ['patient'],
}

for (const definition of definitions.values())
  t.test(`${definition.type} is a patient's by HL7's compartment, but for what is left out with a reason`, async t => {
    const { type, compartment } = definition
    const declared = Array.isArray(compartment) ? compartment : []
    const theirs = PATIENT_COMPARTMENT[type] ?? []
    for (const param of declared)
      t.ok(theirs.includes(param) || OURS[type]?.includes(param), `${param} is HL7's or explained`)
    const same = (param: string) => declared.includes(param) || (type === 'Encounter' && param === 'patient')
    t.same(theirs.filter(param => !same(param)).sort(), [...(NARROWED[type] ?? [])].sort())
  })

for (const definition of definitions.values())
  t.test(`${definition.type} declares its search parameters as R4 defines them`, async t => {
    const described = searchParametersOf(definition.type)
    for (const [name, { type }] of Object.entries(definition.search)) t.equal(described.get(name)?.type, type, name)
  })
