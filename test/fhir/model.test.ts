import t from 'tap'
import {
  elementsOfType,
  isComplex,
  memberName,
  PATIENT_COMPARTMENT,
  RESOURCE_TYPES,
  searchParametersOf,
} from '../../src/fhir/model.ts'

t.test('the resource types of R4 are known, and no others', async t => {
  t.equal(RESOURCE_TYPES.size, 146)
  for (const type of ['Patient', 'Binary', 'Parameters', 'MolecularSequence']) t.ok(RESOURCE_TYPES.has(type), type)
  for (const type of ['Resource', 'DomainResource', 'SubscriptionStatus', 'HumanName'])
    t.notOk(RESOURCE_TYPES.has(type), type)
})

t.test('elements have their types, cardinality, targets and codes', async t => {
  const of = (type: string, name: string) => elementsOfType(type).find(element => element.name === name)
  t.match(of('Patient', 'id'), { types: ['id'], min: 0, max: 1 })
  t.match(of('Patient', 'name'), { types: ['HumanName'], min: 0, max: Number.POSITIVE_INFINITY })
  t.match(of('Patient', 'deceased[x]'), { types: ['boolean', 'dateTime'] })
  t.match(of('Patient', 'generalPractitioner'), { targets: ['Organization', 'Practitioner', 'PractitionerRole'] })
  t.match(of('Observation', 'status'), { min: 1, types: ['code'] })
  t.ok(of('Observation', 'status')?.codes?.['http://hl7.org/fhir/observation-status']?.includes('final'))
  t.match(of('Observation.component', 'referenceRange'), { types: ['Observation.referenceRange'] })
  t.match(of('Extension', 'url'), { types: ['uri'], min: 1 })
  t.equal(of('Attachment', 'contentType')?.codes, undefined, 'mime types are no closed list')
  t.equal(of('Meta', 'project'), undefined)
})

t.test('what is unknown has no elements and no parameters, whatever its name', async t => {
  for (const name of ['Nothing', '', 'constructor', '__proto__', 'toString', 'Bundle']) {
    t.same([...searchParametersOf(name)], [], name)
    if (name !== 'Bundle') t.same(elementsOfType(name), [], name)
    t.equal(isComplex(name), name === 'Bundle')
  }
})

t.test('search parameters are those of the type, with the part of the expression that is for it', async t => {
  t.match(searchParametersOf('Observation').get('patient'), {
    type: 'reference',
    expression: 'Observation.subject.where(resolve() is Patient)',
    targets: ['Group', 'Patient'],
    url: 'http://hl7.org/fhir/SearchParameter/clinical-patient',
  })
  t.match(searchParametersOf('Binary').get('_id'), { type: 'token', expression: 'Resource.id' })
  t.equal(searchParametersOf('Observation').get('code-value-quantity')?.component.length, 2)
  t.equal(searchParametersOf('Patient').get('subject'), undefined)
})

t.test("the Patient compartment is HL7's, not the package's", async t => {
  t.same(PATIENT_COMPARTMENT.Encounter, ['patient'])
  t.same(PATIENT_COMPARTMENT.Task, undefined)
  t.same(PATIENT_COMPARTMENT.Appointment, ['actor'])
  for (const [type, params] of Object.entries(PATIENT_COMPARTMENT)) {
    const known = searchParametersOf(type)
    if (known.size > 0) for (const param of params) t.equal(known.get(param)?.type, 'reference', `${type}.${param}`)
  }
})

t.test('a choice element is named with its type in JSON', async t => {
  t.equal(memberName('value[x]', 'dateTime'), 'valueDateTime')
  t.equal(memberName('value[x]', 'Quantity'), 'valueQuantity')
  t.equal(memberName('status', 'code'), 'status')
})
