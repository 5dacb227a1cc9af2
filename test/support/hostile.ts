// What nobody would send but who means harm, or whose program is broken: texts, addresses, headers, bodies.
import fc from 'fast-check'
import { OPERATIONS } from '../../src/handlers/operations/index.ts'
import { definitions } from '../../src/resources/index.ts'
import { minimal } from './minimal.ts'

/** Stands in all that is made up: where it stands in the text of a statement, something has become SQL. */
export const MARK = 'zq9x'

const NASTY = [
  "' or 1=1 --",
  '"; drop table patient; --',
  '$1',
  '$$',
  '\\',
  "\\'",
  '%',
  '_',
  ',',
  '|',
  '||',
  '\u0000',
  '\u001f',
  '\u007f',
  '\ufeff',
  '\u202e',
  '\u{1f600}',
  'e\u0301'.repeat(50),
  'İıſß',
  '__proto__',
  'constructor',
  'toString',
  '../..',
  '-1',
  '0',
  '9'.repeat(400),
  '1e999',
  '-1e-999',
  'NaN',
  'Infinity',
  '2147483648',
  '9223372036854775808',
  '0000-00-00',
  '2026-02-30T25:61:61Z',
  '9999-12-31T23:59:60-14:00',
  '{}',
  '[]',
  'null',
  'urn:uuid:',
  '#',
  'Patient/',
  'http://',
  ' ',
  '\t\n',
  '(',
  '*',
  '<script>',
]

const word = fc.string({ unit: 'binary', maxLength: 12 })
export const hostile = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NASTY) }, { weight: 1, arbitrary: word }), {
    maxLength: 3,
  })
  .map(parts => [...parts, MARK].join(''))
const nearly = fc.constantFrom(
  'alice',
  'one',
  'list',
  'file',
  'Patient/alice',
  '2026',
  'ge2026-01',
  '5',
  'true',
  'x|y',
  'http://x|1',
)
const value = fc.oneof({ weight: 3, arbitrary: hostile }, { weight: 1, arbitrary: nearly })

const types = [...definitions.keys()]
const params = [...new Set([...definitions.values()].flatMap(({ search }) => Object.keys(search)))]
const MODIFIERS = [
  '',
  ':exact',
  ':contains',
  ':missing',
  ':not',
  ':text',
  ':in',
  ':not-in',
  ':of-type',
  ':identifier',
  ':above',
  ':below',
  ':Patient',
  ':iterate',
]
const RESULTS =
  '_id _lastUpdated _count _sort _total _summary _elements _include _revinclude _text _content _list _type _format _pretty _page _since _at _has'.split(
    ' ',
  )
const CHAINS = [
  'patient.name',
  'subject:Patient.identifier',
  'encounter.subject:Patient.name',
  '_has:Observation:patient:code',
  '_has:Provenance:target:agent',
  'result.code',
]
const inputs = OPERATIONS.flatMap(({ parameters }) => Object.keys(parameters))

const name = fc.oneof(
  fc.tuple(fc.constantFrom(...params, ...RESULTS), fc.constantFrom(...MODIFIERS)).map(both => both.join('')),
  fc.constantFrom(...RESULTS, ...CHAINS, ...inputs),
  hostile,
)
const pairs = fc.array(fc.tuple(name, value), { maxLength: 4 })

/** Escapes as a client would, or leaves bytes that are no right escape. */
const escaped = (text: string): string => encodeURIComponent(text)
const queryOf = (list: readonly (readonly [string, string])[]): string =>
  list.map(([left, right]) => `${escaped(left)}=${escaped(right)}`).join('&')
const junk = fc.constantFrom('%', '%zz', '%ff%fe', '%00', '&&', '=', '+', '?', '%u0041', '%c0%af')

const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...types) },
  { weight: 4, arbitrary: fc.constantFrom('alice', 'one', 'file', '_history', '_search', '1', '*', 'metadata') },
  { weight: 3, arbitrary: fc.constantFrom(...OPERATIONS.map(operation => `$${operation.name}`)) },
  { weight: 2, arbitrary: hostile.map(escaped) },
  { weight: 1, arbitrary: junk },
)
const served = fc.oneof(
  fc.constantFrom(...types),
  fc.constantFrom('Patient/alice', 'Observation/one', 'Patient/alice/_history', 'Observation/_history', '_history', ''),
  fc.constantFrom('Patient/alice/Observation', 'Patient/alice/*', 'Binary/file', 'Patient/_search', '_search'),
  fc.constantFrom(
    'Patient/alice/$everything',
    'Observation/$lastn',
    'DocumentReference/$docref',
    'Patient/alice/$meta-add',
  ),
  fc.constantFrom('ValueSet/$expand', 'ValueSet/$validate-code', 'Patient/$validate', '$meta'),
)
const path = fc.oneof(
  { weight: 3, arbitrary: served },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 4 }).map(parts => parts.join('/')) },
)
export const url = fc
  .tuple(path, pairs, fc.oneof({ weight: 9, arbitrary: fc.constant('') }, { weight: 1, arbitrary: junk }))
  .map(([place, list, rest]) => `${place}?${queryOf(list)}${rest}`)

const printable = hostile.map(text => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').trim())
const header = (...likely: string[]) =>
  fc.option(fc.oneof(fc.constantFrom(...likely), printable), { nil: undefined, freq: 3 })
export const headers = fc.record({
  accept: header('application/fhir+json', '*/*;q=2', ';;,', 'application/fhir+json;fhirVersion=9', 'text/*;q=NaN'),
  prefer: header('return=minimal', 'return=OperationOutcome', 'handling=lenient', 'return=', 'respond-async, wait=x'),
  'if-match': header('W/"1"', '*', '""', 'W/"99999999999999999999"', 'W/"-1"'),
  'if-none-match': header('W/"1"', '*', '"', ',,'),
  'if-none-exist': header('identifier=http://x|1', '_id=alice', 'Patient?name=x', '?', '%'),
  'if-modified-since': header('Sun, 22 Nov 2026 10:00:00 GMT', '0', '-1'),
  range: header('bytes=0-1', 'bytes=-1', 'bytes=9-', 'bytes=5-1', 'bytes=0-99999999999999999999', 'bytes=0-0,1-1'),
  'if-range': header('W/"1"'),
  'x-request-id': header('id'),
  'x-security-context': header('Patient/alice'),
  'content-type': header(
    'application/fhir+json',
    'application/json-patch+json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/fhir+json; charset=utf-16',
    '/',
  ),
})

/** A resource of which some parts are something else. */
export const mutated = fc
  .tuple(
    fc.constantFrom(...types),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.oneof(
          value,
          fc.json().map(text => JSON.parse(text)),
        ),
      ),
    ),
  )
  .map(([type, changes]) => {
    const resource = { ...minimal(type, 'alice') }
    const names = ['id', 'meta', 'text', 'contained', 'extension', 'identifier', 'subject', ...Object.keys(resource)]
    for (const [at, changed] of changes) resource[names[at % names.length] ?? 'id'] = changed
    return resource
  })
const operation = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
  path: fc.oneof(fc.constantFrom('/name', '/name/0/family', '/-', '', '/id', '/__proto__/x'), hostile),
  value: fc.oneof(value, fc.json()),
  from: hostile,
})
const parameters = fc.array(fc.tuple(fc.constantFrom(...inputs, 'operation'), value)).map(list => ({
  resourceType: 'Parameters',
  parameter: list.map(([given, text]) => ({ name: given, valueString: text })),
}))
const entry = fc.record(
  {
    fullUrl: fc.oneof(hostile, fc.constantFrom('urn:uuid:c757873d-ec9a-4326-a141-556f43239520', 'Patient/alice')),
    resource: fc.oneof(mutated, parameters, fc.constant(undefined)),
    request: fc.record(
      {
        method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'),
        url: fc.oneof(url, hostile),
        ifMatch: value,
        ifNoneMatch: value,
        ifNoneExist: fc.oneof(pairs.map(queryOf), hostile),
        ifModifiedSince: value,
      },
      { requiredKeys: ['method', 'url'] },
    ),
  },
  { requiredKeys: ['request'] },
)
export const bundle = fc
  .tuple(fc.constantFrom('batch', 'transaction'), fc.array(entry, { maxLength: 5 }))
  .map(([type, entries]) => ({ resourceType: 'Bundle', type, entry: entries }))
export const body = fc.oneof(
  fc
    .oneof(
      mutated,
      parameters,
      fc.array(operation, { maxLength: 3 }),
      bundle,
      fc.json().map(text => JSON.parse(text)),
    )
    .map(json => JSON.stringify(json) ?? ''),
  pairs.map(queryOf),
  fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
  hostile,
)
