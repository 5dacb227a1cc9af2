// Whatever comes, the validator answers with issues: it neither throws nor hangs, nor is anything changed by it.
import t from 'tap'
import { parseJson } from '../../src/fhir/json.ts'
import { FhirError } from '../../src/fhir/outcome.ts'
import type { Json } from '../../src/fhir/types.ts'
import { servedTypes } from '../../src/resources/index.ts'
import { validate } from '../../src/validation/validate.ts'
import { minimal } from '../support/minimal.ts'
import { anyOf, seeded } from './oracle.ts'

const random = seeded(2)
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T

const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '\u00001e999',
  '',
  '\ufeff',
  '\u202e\u0000',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  'e\u0301'.repeat(1000),
  '<div',
  '&#',
  '#',
  'urn:',
  '0000-00-00T00:00:00Z',
  [],
  [[]],
  {},
  { resourceType: 'Patient' },
  { resourceType: '__proto__' },
  { resourceType: 'constructor' },
  { toString: 'x', valueOf: 1, hasOwnProperty: null },
]

/** The same object with a member somewhere in it replaced. */
function disturbed(value: unknown, odd: unknown): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.15) return odd
  const keys = Object.keys(value)
  const key = pick(keys)
  if (key === undefined) return odd
  const changed: unknown = Array.isArray(value) ? [...value] : { ...value }
  ;(changed as Json)[key] = disturbed((value as Json)[key], odd)
  return changed
}

t.test('resources made by chance and disturbed are judged, and left as they were', async t => {
  for (const type of servedTypes)
    for (let count = 0; count < 60; count++) {
      const whole = { ...anyOf(type, random), ...minimal(type, 'x') }
      const resource = disturbed(whole, pick(ODD))
      const before = JSON.stringify(resource)
      const { issues } = validate(resource)
      if (issues.some(({ text }) => text === '' || text.length > 2000)) t.fail(JSON.stringify(issues))
      if (JSON.stringify(resource) !== before) t.fail(`changed: ${before}`)
    }
  t.equal(({} as Json).polluted, undefined)
  t.pass('all of them')
})

t.test('names of JavaScript are names of no element', async t => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'prototype', 'length'])
    t.match(validate({ resourceType: 'Patient', [name]: 1 }), {
      isFhir: false,
      issues: [{ expression: `Patient.${name}` }],
    })
  for (const resourceType of ['constructor', '__proto__', 'toString', 'Resource', 'DomainResource', 'HumanName'])
    t.match(validate({ resourceType }), { isFhir: false, issues: [{ code: 'structure' }] })
})

const statusOf = (text: string): number => {
  try {
    return validate(parseJson(text).value).isFhir ? 200 : 400
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return error.status
  }
}

t.test('what is too deep, doubled or a trap for objects is no JSON here', async t => {
  const nested = `${'{"extension":[{"url":"x",'.repeat(3000)}"x":1${'}]}'.repeat(3000)}`
  for (const text of [
    `{"resourceType":"Patient","x":${nested}}`,
    '{"resourceType":"Patient","active":true,"active":false}',
    '{"resourceType":"Patient","__proto__":{"polluted":1}}',
    '{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
    `${'['.repeat(100_000)}`,
  ])
    t.equal(statusOf(text), 400, text.slice(0, 60))
})

t.test('numbers beyond a double keep their digits, and their type', async t => {
  const observation = (value: string) =>
    validate(parseJson(`{"resourceType":"Observation","status":"final","code":{"text":"x"},${value}}`).value).issues
  for (const value of ['1e400', '-1e-400', '0.1234567890123456789012345678', '12345678901234567890'])
    t.same(observation(`"valueQuantity":{"value":${value}}`), [], value)
  for (const value of ['1e400', '12345678901234567890', '1.0', '1e2'])
    t.match(observation(`"valueInteger":${value}`), [{ expression: 'Observation.valueInteger' }], value)
})

t.test('what is large is judged in time that grows with it', async t => {
  const wide = {
    ...minimal('Patient', 'x'),
    name: Array.from({ length: 50_000 }, () => ({ family: 'x', given: ['y', 5] })),
  }
  const begin = process.cpuUsage()
  t.equal(validate(wide).issues.length, 100)
  const contained = Array.from({ length: 2000 }, (_, index) => ({ ...minimal('Patient', `c${index}`) }))
  t.ok(validate({ ...minimal('Basic', 'x'), contained }).issues.length > 0)
  const many = Array.from({ length: 20_000 }, (_, index) => ({ resourceType: 'Practitioner', id: `c${index}` }))
  const references = many.map(({ id }) => ({ reference: `#${id}` }))
  t.same(validate({ resourceType: 'Patient', contained: many, generalPractitioner: references }).issues, [])
  const { user, system } = process.cpuUsage(begin)
  t.ok(user + system < 5_000_000, `${user + system} µs`)
})
