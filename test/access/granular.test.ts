import t from 'tap'
import { scopeFault, scopeParameters, scopeQuery } from '../../src/access/granular.ts'
import type { Definition } from '../../src/resources/definition.ts'
import { definitionOf, definitions } from '../../src/resources/index.ts'
import { verifies } from '../support/verifies.ts'

const observation = definitionOf('Observation') as Definition
const LABORATORY = 'http://terminology.hl7.org/CodeSystem/observation-category|laboratory'

t.test('a query part is read as a search is: all parameters have to hold, of several values any', async t => {
  verifies('smart-2.2', 'SAL-132')
  t.match(scopeQuery(`category=${LABORATORY}&code=a,b&status=final`, observation), [
    { param: 'category', values: [{ kind: 'token', system: LABORATORY.split('|')[0], code: 'laboratory' }] },
    { param: 'code', values: [{ code: 'a' }, { code: 'b' }] },
    { param: 'status', values: [{ code: 'final' }] },
  ])
  t.match(scopeQuery('code=a&code=b', observation), [{ values: [{ code: 'a' }] }, { values: [{ code: 'b' }] }])
  t.match(scopeQuery('_id=one,two', observation), [{ declared: 'id', values: [{ id: 'one' }, { id: 'two' }] }])
  t.match(scopeQuery('subject=Patient/1', observation), [{ values: [{ targets: ['Patient/1'] }] }])
})

t.test('a percent stands for what it encodes, a plus for nothing', async t => {
  t.match(scopeQuery(`category=${encodeURIComponent(LABORATORY)}`, observation), [{ values: [{ code: 'laboratory' }] }])
  t.match(scopeQuery('code=a%26b%20c%2Bd', observation), [{ values: [{ code: 'a&b c+d' }] }])
  for (const text of ['code=a+b', 'code=%', 'code=%E0%A4', 'co+de=a', ''])
    t.match(scopeFault('Observation', text), /is not parameter=value/, text)
})

t.test('what is no pair of a name and a value is refused', async t => {
  for (const text of ['code', 'code=', '=a', '&', 'code=a&', '&code=a', 'code=a&&status=final', 'code==']) {
    const isValue = text === 'code=='
    t.equal(scopeQuery(text, observation) === undefined, !isValue, text)
    t.equal(scopeFault('Observation', text) === undefined, isValue, text)
  }
})

t.test(
  'modifiers, chains, results and everything that is no parameter of the type are refused by their names',
  async t => {
    const wrong = [
      'code:not=a',
      'code:in=http://hl7.org/fhir/ValueSet/administrative-gender',
      'subject:Patient=1',
      'subject.name=x',
      'subject:Patient.name=x',
      '_has:Provenance:target:agent=x',
      '_lastUpdated=ge2000',
      '_filter=code eq a'.replaceAll(' ', '%20'),
      '_text=x',
      '_list=1',
      '_count=1',
      '_include=Observation:subject',
      'Code=a',
      'constructor=a',
      '__proto__=a',
      'clinical-status=active',
    ]
    for (const text of wrong) {
      t.equal(scopeQuery(text, observation), undefined, text)
      t.match(scopeFault('Observation', text), /cannot limit a scope; possible are, without modifiers: _id, /, text)
    }
  },
)

t.test('what is not kept with every version of a resource cannot limit a scope', async t => {
  const can = scopeParameters(observation)
  for (const param of ['category', 'code', 'combo-code', 'status', 'identifier', 'subject', 'encounter', '_tag', '_id'])
    t.ok(can.includes(param), param)
  for (const param of ['date', 'value-date', 'value-quantity', 'value-string', 'code-value-quantity', '_lastUpdated'])
    t.notOk(can.includes(param), param)
  for (const definition of definitions.values())
    for (const param of scopeParameters(definition)) {
      const { type, stored } = definition.search[param] ?? { type: 'token', stored: 'keys' }
      t.ok(['token', 'uri', 'reference'].includes(type), `${definition.type}.${param}`)
      t.ok(['interned', 'keys', 'patient', 'either'].includes(stored), `${definition.type}.${param}`)
    }
})

t.test('a value that no search of the parameter would take is refused with what would be right', async t => {
  t.match(scopeFault('Observation', 'subject=Practitioner/1'), /subject refers to: .*Patient/)
  t.match(scopeFault('Observation', 'code=a|b|c'), /a token is code, system\|code/)
  t.match(scopeFault('Observation', '_id=no id'.replace(' ', '%20')), /an id is 1 to 64/)
})

t.test('a query part for all types names what all types have', async t => {
  t.equal(scopeFault('*', '_tag=a&_security=b&_profile=http://example.org&_source=c&_id=1'), undefined)
  t.match(scopeFault('*', 'status=final'), /"status" of Resource cannot limit a scope/)
  t.equal(scopeFault('Claim', 'use=claim'), undefined, 'of a type that is not served nothing is known')
  for (const definition of definitions.values()) t.ok(scopeQuery('_tag=a', definition), definition.type)
})
