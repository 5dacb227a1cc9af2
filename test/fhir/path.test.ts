import t from 'tap'
import { compile, eachValue } from '../../src/fhir/path.ts'
import type { Json } from '../../src/fhir/types.ts'

const values = (expression: string, type: string, resource: Json): unknown[] => {
  const found: unknown[] = []
  for (const route of compile(expression, type).routes)
    eachValue(route, resource, (value, out) => out.push(value), found)
  return found
}

t.test('paths, unions, choices and conditions lead to their values', async t => {
  const patient = {
    resourceType: 'Patient',
    id: 'p',
    name: [{ family: 'A', given: ['B', null, 'C'] }, { family: 'D' }],
    telecom: [
      { system: 'phone', value: '1' },
      { system: 'email', value: '2' },
    ],
    deceasedDateTime: '2024',
    link: [{ other: { reference: 'RelatedPerson/r' } }, { other: { reference: 'Patient/q' } }],
  }
  const of = (expression: string) => values(expression, 'Patient', patient)
  t.same(of('Resource.id'), ['p'])
  t.same(of('Patient.name.given'), ['B', 'C'])
  t.same(of('name.family'), ['A', 'D'])
  t.same(of('Patient.name.family | Patient.id'), ['A', 'D', 'p'])
  t.same(of("Patient.telecom.where(system='email').value"), ['2'])
  t.same(of('Patient.deceased'), ['2024'])
  t.same(of('(Patient.deceased as dateTime)'), ['2024'])
  t.same(of('Patient.deceased.as(boolean)'), [])
  t.same(of('Patient.deceased.ofType(dateTime)'), ['2024'])
  t.same(of('Patient.link.other.where(resolve() is Patient)'), [{ reference: 'Patient/q' }])
})

t.test('a choice has one route for each of its types', async t => {
  const { routes } = compile('Observation.effective', 'Observation')
  t.same(
    routes.map(route => route.type),
    ['dateTime', 'Period', 'Timing', 'instant'],
  )
})

t.test('exists() and != false are understood together', async t => {
  t.equal(compile('Patient.deceased.exists() and Patient.deceased != false', 'Patient').exists, true)
  t.equal(compile('Patient.active', 'Patient').exists, false)
})

t.test('what is not understood is refused, not guessed at', async t => {
  for (const expression of [
    'Patient.nmae',
    'Patient.name.first()',
    'Patient.name[0]',
    'Patient.id.where(a=1)',
    'Patient.name |',
    '(Patient.name',
    'Patient.name)',
    'Patient.deceased.exists()',
    "Patient.extension('x')",
    '',
  ]) {
    t.throws(() => compile(expression, 'Patient'), expression)
  }
})
