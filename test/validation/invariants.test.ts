import t from 'tap'
import { elementsOfType } from '../../src/fhir/model.ts'
import type { Json } from '../../src/fhir/types.ts'
import { servedTypes } from '../../src/resources/index.ts'
import { INVARIANTS } from '../../src/validation/invariants/index.ts'
import type { Run } from '../../src/validation/run.ts'
import { validate } from '../../src/validation/validate.ts'
import { missing, sharedResources } from '../fhir/shared-data.ts'
import { minimal } from '../support/minimal.ts'
import { anyOf, decides, EXPRESSIONS, ruledIn, seeded } from './oracle.ts'

/** Checked where the structure is: what is contained, what a reference with # leads to, narratives. */
const IN_THE_STRUCTURE = ['dom-2', 'dom-3', 'dom-4', 'dom-5', 'ref-1', 'txt-1', 'txt-2']

/**
 * What is not compared with fhirpath.js: it takes quantities without units for ordered, resolve() is asynchronous, and a
 * FHIR boolean is no Boolean to it. The tests below have these.
 */
const NOT_COMPARED = ['Range rng-2', 'CareTeam.participant ctm-1', 'Questionnaire.item.enableWhen que-7']

/** All types and elements that a resource of some types may have in it. */
function reachable(types: readonly string[]): Set<string> {
  const found = new Set<string>()
  const visited = new Set<string>()
  const visit = (type: string): void => {
    if (visited.has(type)) return
    visited.add(type)
    found.add(type)
    for (const { name, types } of elementsOfType(type)) {
      found.add(`${type}.${name}`)
      for (const each of types) if (each !== 'Resource') visit(each)
    }
  }
  for (const type of types) visit(type)
  return found
}

const paths = reachable([...servedTypes, 'DomainResource', 'Bundle', 'Parameters'])

t.test('every invariant of the served types has its function, and no other', async t => {
  const wanted = Object.entries(EXPRESSIONS)
    .filter(([path]) => paths.has(path))
    .flatMap(([path, rules]) => Object.keys(rules).map(key => `${path} ${key}`))
    .filter(name => !IN_THE_STRUCTURE.includes(name.split(' ')[1] ?? ''))
  const written = Object.entries(INVARIANTS).flatMap(([path, rules]) => Object.keys(rules).map(key => `${path} ${key}`))
  // SimpleQuantity is a profile of Quantity, so its rule stands at no element.
  t.same(written.sort(), [...wanted, 'SimpleQuantity sqty-1'].sort())
})

type Compared = { count: number; undecided: number; verdicts: Set<boolean>; differing: string[] }

/** Compares all rules of one element with FHIRPath, and counts by rule. */
function compare(path: string, node: Json, root: Json, results: Map<string, Compared>): void {
  const run = { root, entries: true } as unknown as Run
  for (const [key, { holds }] of Object.entries(INVARIANTS[path] ?? {})) {
    const name = `${path} ${key}`
    if (NOT_COMPARED.includes(name) || key === 'sqty-1') continue
    const result = results.get(name) ?? { count: 0, undecided: 0, verdicts: new Set(), differing: [] }
    results.set(name, result)
    const wanted = decides(path, key, node, root)
    result.count++
    if (wanted === undefined) result.undecided++
    else {
      result.verdicts.add(wanted)
      if (holds(node, run) !== wanted) result.differing.push(`${wanted}: ${JSON.stringify(node)}`)
    }
  }
}

/** Nothing tells these rules apart: the standard's own expression is true whatever stands there. */
const VACUOUS = ['Consent ppc-2', 'Consent ppc-3', 'Consent ppc-4', 'Consent ppc-5']

const CODE = { coding: [{ system: 'urn:x', code: 'a' }] }
const within = (...resources: Json[]): Json => ({
  resourceType: 'Bundle',
  entry: resources.map(resource => ({ resource })),
})

/** What chance does not make. */
const MADE: Readonly<Record<string, readonly Json[]>> = {
  Bundle: ['document', 'message', 'collection'].flatMap(type =>
    ['Composition', 'MessageHeader', 'Patient'].map(first => ({ ...within({ resourceType: first }), type })),
  ),
  'Bundle.entry': [{ fullUrl: 'http://example.org/Patient/1/_history/2' }, { fullUrl: 'http://example.org/Patient/1' }],
  Observation: [CODE, { coding: [{ system: 'urn:x', code: 'b' }] }].map(code => ({
    resourceType: 'Observation',
    code: CODE,
    valueString: 'x',
    component: [{ code }],
  })),
}

t.test('the functions decide as FHIRPath does, of elements made by chance', async t => {
  const random = seeded(1)
  const results = new Map<string, Compared>()
  for (const path of Object.keys(INVARIANTS)) {
    const [type = '', member] = elementsOfType(path).length > 0 ? [path] : path.split('.')
    const of = member === undefined ? type : elementsOfType(type).find(({ name }) => name === member)?.types[0]
    for (let count = 0; count < 150; count++) {
      const node = { ...(type.includes('.') || member ? {} : { resourceType: type }), ...anyOf(of ?? '', random) }
      compare(path, node, node, results)
    }
    for (const node of MADE[path] ?? []) compare(path, node, node, results)
  }
  for (const [name, { differing, verdicts, count, undecided }] of results) {
    t.same(differing.slice(0, 2), [], `${name}: ${count} compared, ${undecided} undecided`)
    if (!VACUOUS.includes(name)) t.equal(verdicts.size, 2, `${name} was kept and broken`)
  }
})

t.test('and of all examples', { skip: missing }, async t => {
  const results = new Map<string, Compared>()
  for (const folder of ['uk-demo', 'uk-core/examples', 'ipa/examples'])
    for (const { resource } of sharedResources(folder))
      for (const { path, node } of ruledIn(resource, String(resource.resourceType)))
        compare(path, node, resource, results)
  for (const [name, { differing }] of results) t.same(differing, [], name)
  t.ok(results.size > 20, `${results.size} rules`)
})

const keysOf = (resource: Json): string[] =>
  validate(resource).issues.flatMap(({ text }) => /\(([a-z]+-\d+)\)$/.exec(text)?.[1] ?? [])

t.test('the low of a range is not above its high, in the same unit', async t => {
  const range = (low: Json, high: Json) => ({ ...minimal('Condition', 'x'), onsetRange: { low, high } })
  const mg = { unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' }
  t.same(keysOf(range({ value: 5 }, { value: 2 })), ['rng-2'])
  t.same(keysOf(range({ value: 5, ...mg }, { value: 2, ...mg })), ['rng-2'])
  t.same(keysOf(range({ value: 2, ...mg }, { value: 2, ...mg })), [])
  t.same(keysOf(range({ value: 5, ...mg }, { value: 2, ...mg, unit: 'g', code: 'g' })), [])
  t.same(keysOf(range({ value: 5 }, { unit: 'mg' })), [])
})

t.test('only a practitioner of a care team acts on behalf of another', async t => {
  const team = (member: Json, contained?: Json[]) => ({
    ...minimal('CareTeam', 'x'),
    ...(contained ? { contained } : {}),
    participant: [{ member, onBehalfOf: { reference: 'Organization/o' } }],
  })
  t.same(keysOf(team({ reference: 'Patient/p' })), ['ctm-1'])
  t.same(keysOf(team({ reference: '#p' }, [{ resourceType: 'Patient', id: 'p' }])), ['ctm-1'])
  t.same(keysOf(team({ reference: '#p' }, [{ resourceType: 'Practitioner', id: 'p' }])), [])
  t.same(keysOf(team({ reference: 'Practitioner/p' })), [])
  t.same(keysOf(team({ display: 'Somebody' })), [])
})

t.test('whether there is an answer is asked with a boolean', async t => {
  const form = (answer: Json) => ({
    ...minimal('Questionnaire', 'x'),
    item: [{ linkId: '1', type: 'string', enableWhen: [{ question: '2', operator: 'exists', ...answer }] }],
  })
  t.same(keysOf(form({ answerString: 'yes' })), ['que-7'])
  t.same(keysOf(form({ answerBoolean: true })), [])
})

t.test('a quantity that is simple has no comparator', async t => {
  const observation = { ...minimal('Observation', 'x'), referenceRange: [{ low: { value: 1, comparator: '<' } }] }
  t.same(keysOf(observation), ['sqty-1'])
  t.same(keysOf({ ...minimal('Observation', 'x'), valueQuantity: { value: 1, comparator: '<' } }), [])
})
