import t from 'tap'
import { FhirError } from '../../src/fhir/outcome.ts'
import { parseQuery, type Searchable } from '../../src/fhir/query.ts'
import { date, quantity, reference, string, token } from '../../src/fhir/search.ts'

const searchable: Searchable = {
  type: 'Observation',
  search: {
    code: token(),
    date: date('main'),
    subject: reference('patient'),
    'value-quantity': quantity(),
    'value-string': string(),
  },
  targets: param => (param === 'subject' ? ['Patient', 'Group'] : []),
  references: type => (type === 'Observation' ? ['subject'] : undefined),
  of: () => undefined,
  base: 'https://fhir.example.org/fhir',
}

const parse = (query: string, options = {}) => parseQuery(new URLSearchParams(query), searchable, options)

function refusal(query: string): string {
  try {
    parse(query)
  } catch (error) {
    if (error instanceof FhirError && error.status === 400) return error.message
    throw error
  }
  return ''
}

t.test('several parameters must all hold, values separated by commas are alternatives', async t => {
  const { clauses } = parse('code=a,b&code=c')
  t.match(clauses, [
    { param: 'code', values: [{ code: 'a' }, { code: 'b' }] },
    { param: 'code', values: [{ code: 'c' }] },
  ])
})

t.test('escaped commas, bars and backslashes belong to the value', async t => {
  t.match(parse('value-string=a\\,b').clauses[0]?.values, [{ kind: 'string', text: 'a,b' }])
  t.match(parse('code=s\\|1|c').clauses[0]?.values, [{ system: 's|1', code: 'c' }])
  t.match(parse('value-string=a\\\\,b').clauses[0]?.values, [{ text: 'a\\' }, { text: 'b' }])
})

t.test('a token is a code, a system and a code, a code without system, or a system', async t => {
  t.match(parse('code=c').clauses[0]?.values, [{ system: undefined, code: 'c' }])
  t.match(parse('code=s|c').clauses[0]?.values, [{ system: 's', code: 'c' }])
  t.match(parse('code=|c').clauses[0]?.values, [{ system: '', code: 'c' }])
  t.match(parse('code=s|').clauses[0]?.values, [{ system: 's', code: undefined }])
})

t.test('a reference is an id of any target type, a type and id, or a url of this server', async t => {
  t.same(parse('subject=1').clauses[0]?.values, [{ kind: 'reference', targets: ['Patient/1', 'Group/1'] }])
  t.same(parse('subject=Patient/1').clauses[0]?.values, [{ kind: 'reference', targets: ['Patient/1'] }])
  t.same(parse('subject:Group=1').clauses[0]?.values, [{ kind: 'reference', targets: ['Group/1'] }])
  t.same(parse('subject=https://fhir.example.org/fhir/Patient/1').clauses[0]?.values, [
    { kind: 'reference', targets: ['Patient/1'] },
  ])
  t.same(parse('subject=https://elsewhere.example.org/fhir/Patient/1').clauses[0]?.values, [
    { kind: 'reference', targets: ['https://elsewhere.example.org/fhir/Patient/1'] },
  ])
})

t.test('dates and quantities take a prefix and stand for a range at their precision', async t => {
  t.match(parse('date=ge2020-02').clauses[0]?.values, [
    { prefix: 'ge', low: Date.UTC(2020, 1, 1), high: Date.UTC(2020, 2, 1) },
  ])
  t.match(parse('value-quantity=lt5.4|http://unitsofmeasure.org|mg').clauses[0]?.values, [
    { prefix: 'lt', exact: 5.4, system: 'http://unitsofmeasure.org', code: 'mg' },
  ])
})

t.test('what is not understood is refused, quoting it and saying what would be right', async t => {
  t.match(refusal('cod=1'), /"cod".*Did you mean "code"/)
  t.match(refusal('date=yesterday'), /"yesterday".*YYYY-MM-DD/)
  t.match(refusal('value-quantity=much'), /"much".*number/)
  t.match(refusal('subject=Practitioner/1'), /Patient, Group/)
  t.match(refusal('subject=a b'), /"a b"/)
  t.match(refusal('code:exact=1'), /:exact.*:missing, :not/)
  t.match(refusal('code:missing=perhaps'), /true or false/)
  t.match(refusal('code='), /no value/)
  t.match(refusal('_count=-1'), /whole number/)
  t.match(refusal('_sort=-cod'), /"cod".*"code"/)
  t.match(refusal('_include=Observation:nobody'), /subject/)
  t.match(refusal('_include=Patient:link'), /Observation/)
  t.match(refusal('_summary=some'), /"some"|count/)
  t.match(refusal('_total=maybe'), /accurate/)
  t.match(refusal('constructor=1'), /"constructor"/)
})

t.test('with handling=lenient unknown parameters are passed over, and not among those that were used', async t => {
  const query = parse('cod=1&code=2', { lenient: true })
  t.same(query.ignored, ['cod'])
  t.same(query.used, [['code', '2']])
})

t.test('_count is capped, not refused', async t => {
  t.equal(parse('_count=999999').count, 1000)
  t.equal(parse('').count, 20)
})
