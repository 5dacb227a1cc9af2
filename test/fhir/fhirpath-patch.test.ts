import t, { type Test } from 'tap'
import { applyFhirPathPatch } from '../../src/fhir/fhirpath-patch.ts'
import type { Json } from '../../src/fhir/types.ts'
import { patchFrom } from '../../src/handlers/intent.ts'
import { statusOf } from '../support/refused.ts'

type Parts = Record<string, Json>

const operation = (type: string, path: string, parts: Parts = {}): Json => ({
  name: 'operation',
  part: [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...Object.entries(parts).map(([name, part]) => ({ name, ...part })),
  ],
})

const parameters = (...operations: Json[]): Json => ({
  resourceType: 'Parameters',
  ...(operations.length > 0 ? { parameter: operations } : {}),
})

const patched = (resource: Json, ...operations: Json[]): unknown =>
  patchFrom(parameters(...operations))(structuredClone({ resourceType: 'Patient', ...resource }))

const gives = (t: Test, resource: Json, operations: Json[], wanted: Json) =>
  t.same(patched(resource, ...operations), { resourceType: 'Patient', ...wanted })

const identifiers = (...values: string[]) => ({ identifier: values.map(value => ({ system: 'http://x', value })) })

t.test('an element is replaced, added and deleted, also inside another', async t => {
  const named = { contact: [{ name: { text: 'a name' }, gender: 'male' }] }
  gives(t, { birthDate: '1920-01-01' }, [], { birthDate: '1920-01-01' })
  gives(
    t,
    { birthDate: '1920-01-01' },
    [operation('replace', 'Patient.birthDate', { value: { valueDate: '1930-01-01' } })],
    { birthDate: '1930-01-01' },
  )
  gives(t, { birthDate: '1920-01-01' }, [operation('delete', 'Patient.birthDate')], {})
  gives(
    t,
    {},
    [operation('add', 'Patient', { name: { valueString: 'birthDate' }, value: { valueDate: '1930-01-01' } })],
    { birthDate: '1930-01-01' },
  )
  gives(t, named, [operation('replace', 'Patient.contact[0].name.text', { value: { valueString: 'the name' } })], {
    contact: [{ name: { text: 'the name' }, gender: 'male' }],
  })
  gives(t, named, [operation('delete', 'Patient.contact[0].name.text')], { contact: [{ gender: 'male' }] })
  gives(t, { contact: [{ name: { text: 'x' } }] }, [operation('delete', 'Patient.contact[0]')], {})
})

t.test('an element that has no type of its own is sent as parts, in lists where it is one', async t => {
  const part = [
    { name: 'name', valueHumanName: { text: 'a name' } },
    { name: 'telecom', valueContactPoint: { system: 'phone', value: '1' } },
    { name: 'telecom', valueContactPoint: { system: 'phone', value: '2' } },
  ]
  gives(t, {}, [operation('add', 'Patient', { name: { valueString: 'contact' }, value: { part } })], {
    contact: [
      {
        name: { text: 'a name' },
        telecom: [
          { system: 'phone', value: '1' },
          { system: 'phone', value: '2' },
        ],
      },
    ],
  })
})

t.test('items of lists are inserted, moved and deleted by their place', async t => {
  const value = { valueIdentifier: { system: 'http://x', value: '3' } }
  const insert = (index: number) => operation('insert', 'Patient.identifier', { index: { valueInteger: index }, value })
  const move = (source: number, destination: number) =>
    operation('move', 'Patient.identifier', {
      source: { valueInteger: source },
      destination: { valueInteger: destination },
    })
  gives(t, identifiers('1', '2'), [insert(2)], identifiers('1', '2', '3'))
  gives(t, identifiers('1', '2'), [insert(0)], identifiers('3', '1', '2'))
  gives(t, {}, [insert(0)], identifiers('3'))
  gives(t, identifiers('1', '2', '3'), [operation('delete', 'Patient.identifier[1]')], identifiers('1', '3'))
  gives(t, identifiers('1', '2', '3', '4'), [move(3, 1)], identifiers('1', '4', '2', '3'))
  gives(t, identifiers('1', '2', '3', '4'), [move(0, 3)], identifiers('2', '3', '4', '1'))
  gives(t, identifiers('1', '2', '3', '4'), [move(3, 0), move(3, 1), move(3, 2)], identifiers('4', '3', '2', '1'))
  for (const wrong of [insert(3), move(2, 0), move(0, 2)])
    t.equal(
      statusOf(() => patched(identifiers('1', '2'), wrong)),
      422,
    )
})

t.test('the extensions of a primitive in a list move with it', async t => {
  const extension = (valueString: string) => ({ extension: [{ url: 'http://e', valueString }] })
  const name = { given: ['a', 'b'], _given: [null, extension('of b')] }
  const item = { index: { valueInteger: 1 }, value: { valueString: 'new' } }
  gives(t, { name: [name] }, [operation('insert', 'Patient.name[0].given', item)], {
    name: [{ given: ['a', 'new', 'b'], _given: [null, null, extension('of b')] }],
  })
  gives(t, { name: [name] }, [operation('delete', 'Patient.name[0].given[0]')], {
    name: [{ given: ['b'], _given: [extension('of b')] }],
  })
  gives(t, { name: [name] }, [operation('delete', 'Patient.name[0].given[1]')], { name: [{ given: ['a'] }] })
  const move = { source: { valueInteger: 1 }, destination: { valueInteger: 0 } }
  gives(t, { name: [name] }, [operation('move', 'Patient.name.given', move)], {
    name: [{ given: ['b', 'a'], _given: [extension('of b'), null] }],
  })
})

t.test('a path chooses with where(), extension(), first(), last() and ofType()', async t => {
  const telecom = [
    { system: 'phone', value: '1', rank: '\u00001.0' },
    { system: 'email', value: "o'hara", use: 'home' },
  ]
  const rest = (index: number) => ({ telecom: telecom.filter((_, at) => at !== index) })
  for (const [path, index] of [
    ["telecom.where(system = 'phone')", 0],
    ["telecom.where(system='email' and use = 'home')", 1],
    [String.raw`telecom.where(value = 'o\'hara')`, 1],
    ['telecom.where(rank = 1)', 0],
    ['telecom.first()', 0],
    ['telecom.last()', 1],
  ] as const)
    gives(t, { telecom }, [operation('delete', `Patient.${path}`)], rest(index))
  const extension = [
    { url: 'http://a', valueString: 'A' },
    { url: 'http://b', valueInteger: 1 },
  ]
  gives(
    t,
    { extension },
    [operation('replace', "Patient.extension('http://a').value", { value: { valueBoolean: true } })],
    { extension: [{ url: 'http://a', valueBoolean: true }, extension[1]] as Json[] },
  )
  gives(t, { extension }, [operation('delete', 'Patient.extension.value.ofType(integer)')], {
    extension: [extension[0], { url: 'http://b' }],
  })
})

t.test('a choice is added once, and replaced by another of its types', async t => {
  const add = (value: Json) => operation('add', 'Patient', { name: { valueString: 'deceased' }, value })
  gives(t, {}, [add({ valueBoolean: true })], { deceasedBoolean: true })
  t.equal(
    statusOf(() => patched({ deceasedDateTime: '2001' }, add({ valueBoolean: true }))),
    422,
  )
  t.equal(
    statusOf(() => patched({}, add({ valueQuantity: { value: 1 } }))),
    400,
  )
  gives(
    t,
    { deceasedBoolean: false },
    [operation('replace', 'Patient.deceased', { value: { valueDateTime: '2001' } })],
    { deceasedDateTime: '2001' },
  )
})

t.test('what is not understood is 400, what does not fit is 422', async t => {
  const contact = { contact: [{ gender: 'male' }] }
  const cases: [number, Json][] = [
    [422, operation('replace', 'Patient.birthDate', { value: { valueDate: '2001' } })],
    [422, operation('add', 'Patient.contact[1]', { name: { valueString: 'gender' }, value: { valueCode: 'male' } })],
    [422, operation('add', 'Patient.contact[0]', { name: { valueString: 'gender' }, value: { valueCode: 'male' } })],
    [422, operation('insert', 'Patient.birthDate', { index: { valueInteger: 0 }, value: { valueDate: '2001' } })],
    [400, operation('add', 'Patient', { name: { valueString: 'nonsense' }, value: { valueCode: 'x' } })],
    [400, operation('add', 'Patient', { name: { valueString: 'constructor' }, value: { valueCode: 'x' } })],
    [400, operation('add', 'Patient', { name: { valueString: 'birthDate' } })],
    [400, operation('replace', 'Patient', { value: { resource: { resourceType: 'Patient' } } })],
    [400, operation('delete', 'Observation.status')],
    [400, operation('delete', 'Patient.name.trace()')],
    [400, operation('shuffle', 'Patient.name')],
    [400, { name: 'operation', part: [{ name: 'type', valueCode: 'delete' }] }],
    [400, { name: 'other', part: [{ name: 'type', valueCode: 'delete' }] }],
  ]
  for (const [status, each] of cases)
    t.equal(
      statusOf(() => patched(contact, each)),
      status,
      JSON.stringify(each).slice(0, 160),
    )
  const two = { identifier: [{ value: '1' }, { value: '2' }] }
  t.equal(
    statusOf(() => patched(two, operation('delete', 'Patient.identifier'))),
    422,
  )
  t.doesNotThrow(() => patched({}, operation('delete', 'Patient.birthDate')), 'what is not there need not go')
  t.equal(
    statusOf(() => patchFrom({ resourceType: 'Patient' })),
    400,
  )
  t.equal(
    statusOf(() => patchFrom({ resourceType: 'Parameters', parameter: [{ part: [] }] })),
    400,
  )
})

t.test('what a path names is an element of its type, or the path is refused', async t => {
  const whole: Json = {
    birthDate: '1920-01-01',
    name: [{ family: 'Archer' }],
    contained: [{ resourceType: 'Organization', id: 'o', name: 'Ward' }],
  }
  for (const path of ['Patient.birthdate', 'Patient.constructor', 'Patient.name.familly', 'Patient.contained.gender'])
    for (const type of ['delete', 'replace'])
      t.equal(
        statusOf(() => patched(structuredClone(whole), operation(type, path, { value: { valueString: 'x' } }))),
        400,
        `${type} ${path}`,
      )
  t.equal(
    statusOf(() => patched(structuredClone(whole), operation('delete', 'Patient'))),
    400,
    'the whole of a resource is none of its elements',
  )
  gives(t, whole, [operation('delete', 'Patient.gender')], whole)
  const named = operation('replace', "Patient.contained.where(id = 'o').name", { value: { valueString: 'Ward 2' } })
  t.match(patched(structuredClone(whole), named), { contained: [{ name: 'Ward 2' }] })
  const alias = operation('add', 'Patient.contained[0]', {
    name: { valueString: 'alias' },
    value: { valueString: 'W' },
  })
  t.match(patched(structuredClone(whole), alias), { contained: [{ alias: ['W'] }] })
})

t.test('a primitive that has extensions in place of a value is there', async t => {
  const unknown = { extension: [{ url: 'http://x', valueCode: 'unknown' }] }
  const date = { value: { valueDate: '1930-01-01' } }
  gives(t, { _birthDate: unknown }, [operation('delete', 'Patient.birthDate')], {})
  gives(t, { _birthDate: unknown }, [operation('replace', 'Patient.birthDate', date)], {
    _birthDate: unknown,
    birthDate: '1930-01-01',
  })
})

t.test('an operation says each of its parts once', async t => {
  const path = { name: 'path', valueString: 'Patient.gender' }
  const twice = { name: 'operation', part: [{ name: 'type', valueCode: 'delete' }, path, path] }
  t.equal(
    statusOf(() => patched({ gender: 'male' }, twice)),
    400,
  )
})

t.test('digits stay as they came', async t => {
  const value = { valueQuantity: { value: '\u00001.10', unit: 'mmol/L' } }
  const resource = { resourceType: 'Observation', component: [{ valueQuantity: { value: '\u00002.00' } }] }
  const name = { valueString: 'value' }
  t.same(applyFhirPathPatch(resource, parameters(operation('add', 'Observation', { name, value }))), {
    ...resource,
    valueQuantity: value.valueQuantity,
  })
})
