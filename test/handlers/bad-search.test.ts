// Searches that cannot be understood are refused in words that quote them; no text whatever breaks a search.
import fc from 'fast-check'
import t from 'tap'
import { definitions } from '../../src/resources/index.ts'
import { client, linkOf, namesOf, type Reply, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
const owned = { subject: { reference: 'Patient/alice' } }
await store(engine, [
  minimal('Patient', 'alice'),
  ...['a', 'b', 'c'].map(id => ({ ...minimal('Observation', id), ...owned, status: 'final' })),
])
const before = await storedVersions(s.pool)

const isRefusal = ({ status, json }: Reply): boolean => status === 400 && json.resourceType === 'OperationOutcome'

t.test('a value that is not of its parameter’s type is refused and quoted', async t => {
  verifies('fhir-rest', 'REST-67')
  const wrong: [search: string, ...quoted: string[]][] = [
    ['Observation?date=yesterday', 'yesterday', 'date', 'YYYY'],
    ['Observation?date=2020-13-01', '2020-13-01'],
    ['Observation?date=ge2020-06-01T00:00:00+01:00', '00:00 01:00', '%2B'],
    ['Observation?date=2020-02-30', '2020-02-30'],
    ['Observation?date=xx2020', 'xx2020'],
    ['Observation?date=ge', 'ge'],
    ['Observation?date=2020-01-01,', 'date'],
    ['Observation?date=2020-01-01T25:00', 'T25:00'],
    ['Observation?_lastUpdated=soon', 'soon', '_lastUpdated'],
    ['Observation?value-quantity=many', 'many', 'number'],
    ['Observation?value-quantity=1,5x', '5x'],
    ['Observation?value-quantity=5|http://unitsofmeasure.org|mg|more', '|more'],
    ['Observation?code=a|b|c', 'a|b|c', 'system|code'],
    ['Observation?code=|', '|'],
    ['Observation?subject=Patient/a/b', 'Patient/a/b'],
    ['Observation?subject=a_b', 'a_b'],
    ['Observation?subject=Claim/1', 'Claim/1', 'Patient'],
    ['Observation?subject:Patient=Group/1', 'Group/1'],
    ['Observation?subject=https://elsewhere.example/fhir/Claim/1', 'Claim/1', 'Patient'],
    ['Patient?active=maybe', 'maybe', 'active', 'true or false'],
    ['Patient?active=true,1', '"1"', 'true or false'],
    ['Patient?active:not=TRUE', 'TRUE', 'true or false'],
    ['Patient?active=http://terminology.hl7.org/CodeSystem/special-values|', 'true or false'],
    ['Patient?deceased=2020', '2020', 'true or false'],
    ['Observation?subject:Patient.active=maybe', 'maybe', 'true or false'],
    ['Patient?_has:Group:member:actual=0', '"0"', 'true or false'],
    ['Patient?_profile=a b', 'a b', 'no spaces'],
    ['Questionnaire?url:below=http://a b', 'a b', 'no spaces'],
    ['Observation?subject:missing=perhaps', 'perhaps', 'true or false'],
    ['Observation?_count=many', 'many', '_count'],
    ['Observation?_count=-1', '-1'],
    ['Observation?_count=1.5', '1.5'],
    ['Observation?_total=some', 'some', 'accurate'],
    ['Observation?_summary=maybe', 'maybe'],
    ['Observation?_sort=nonsense', 'nonsense'],
    ['Observation?_include=Observation', 'Observation'],
    ['Observation?_include=Observation:nonsense', 'nonsense', 'subject'],
    ['Observation?_include=Patient:link', 'Patient:link'],
    ['Observation?_revinclude=Claim:patient', 'Claim:patient'],
    ['Observation?_revinclude=Observation:code', 'Observation:code'],
    ['Observation?code=', 'code', 'no value'],
    ['Observation?code', 'code', 'no value'],
    ['Observation?=x', 'search parameter'],
    ['Observation?cod=x', 'cod', 'Did you mean', 'code'],
    ['Observation?Code=x', 'Code'],
    ['Observation?code:nonsense=x', ':nonsense', 'code'],
    ['Observation?date:not=2020', ':not'],
    ['Observation?_id:nonsense=x', ':nonsense'],
    ['Observation?constructor=x', 'constructor'],
    ['Observation?__proto__=x', '__proto__'],
    ['Observation?_page=nonsense', '_page'],
    ['Observation?_page=AAAA&code=x', '_page'],
  ]
  for (const [search, ...quoted] of wrong) {
    const reply = await engine(`/${search}`)
    t.ok(isRefusal(reply), `${search} ${reply.status}`)
    const [issue] = reply.json.issue as { diagnostics: string; expression?: string[]; location?: string[] }[]
    for (const part of quoted) t.ok(issue?.diagnostics.includes(part), `${part} in ${issue?.diagnostics}`)
    const name = /\?([^=&]*)/.exec(search)?.[1]
    t.same([issue?.location, issue?.expression], Array(2).fill(name ? [`http.${name}`] : undefined), search)
  }
})

t.test('what would cost more than a search may is refused at once, and the server goes on', async t => {
  const form = (path: string, body: string) => alice(path, { method: 'POST', body: new URLSearchParams(body) })
  const costly: [path: string, body: string, ...said: string[]][] = [
    ['/Questionnaire/_search', `url:above=http://${'a/'.repeat(50_000)}`, 'url', 'slashes'],
    ['/Observation/_search', `_content=${'\\'.repeat(60_000)}a`, '_content', '500'],
    ['/Observation/_search', `_content=${'a '.repeat(50_000)}`, '_content', '500'],
    ['/Observation/_search', `_text=${'a'.repeat(3_000)}`, '_text', '500'],
    ['/Observation/_search', `_sort=${Array(800).fill('-date').join(',')}`, '_sort', '20'],
  ]
  for (const [path, body, ...said] of costly) {
    const refused = await form(path, body)
    t.ok(isRefusal(refused), body.slice(0, 40))
    for (const each of said) t.match(refused.text, each)
  }
  const most = 'ab c,'.repeat(100).slice(0, 499)
  const widest = '\u{20000}'.repeat(250)
  const negated = '-a '.repeat(166)
  for (const words of [most, widest, negated, '"a '.repeat(166)])
    t.equal((await form('/Observation/_search', `_content=${words}`)).status, 200, words.slice(0, 9))
  const url = `http://${Array(48).fill('a').join('/')}`
  t.equal((await form('/Questionnaire/_search', `url:above=${url}`)).status, 200)
})

t.test('what cannot be but is written as it should finds nothing, and is not refused', async t => {
  for (const search of [
    'Patient?active=|true',
    'Patient?gender=nonsense',
    'Observation?status=nonsense',
    'QuestionnaireResponse?questionnaire=http://elsewhere.example/Claim/1',
    'Observation?subject=https://elsewhere.example/fhir/Patient/1',
  ]) {
    const { status, json } = await engine(`/${search}`)
    t.same([status, json.total], [200, 0], search)
  }
  t.equal((await engine('/Patient?_count=99999999999999999999')).status, 200, 'more than there can be is capped')
  t.equal((await engine('/Patient/alice/_history?_count=99999999999999999999')).status, 200)
})

t.test('what is refused in a URL is refused in a form, and in both together', async t => {
  verifies('fhir-rest', 'REST-61')
  const form = (text: string) => ({ method: 'POST', body: new URLSearchParams(text) })
  t.ok(isRefusal(await engine('/Observation/_search', form('date=yesterday'))))
  t.ok(isRefusal(await engine('/Observation/_search?date=yesterday', form('status=final'))))
  t.same(namesOf(await engine('/Observation/_search?_id=a,b', form('_id=b'))), ['Observation/b'])
})

t.test('with handling=lenient what is not known is passed over, and what is known must still be right', async t => {
  verifies('fhir-rest', 'REST-66')
  const lenient = { headers: { prefer: 'handling=lenient' } }
  const reply = await engine('/Observation?nonsense=1&_id=a', lenient)
  t.equal(reply.status, 200)
  t.same(namesOf(reply, 'match'), ['Observation/a'])
  t.match(reply.text, 'nonsense')
  t.notMatch(linkOf(reply, 'self'), 'nonsense')
  t.ok(isRefusal(await engine('/Observation?date=yesterday', lenient)))
  t.ok(isRefusal(await engine('/Observation?nonsense=1', { headers: { prefer: 'handling=strict' } })))
})

t.test('a page link is good for its own search, as it was given', async t => {
  verifies('fhir-rest', 'REST-64')
  const next = linkOf(await engine('/Observation?_count=1'), 'next') ?? ''
  t.equal((await engine(next)).status, 200)
  const page = new URL(next).searchParams.get('_page') ?? ''
  const changed = [
    `${page.slice(0, -1)}${page.endsWith('A') ? 'B' : 'A'}`,
    page.slice(4),
    page.slice(0, 20),
    `${page}${page}`,
    page.toLowerCase(),
  ]
  for (const one of changed) t.ok(isRefusal(await engine(`/Observation?_page=${one}`)), one)
  t.ok(isRefusal(await engine(`/Patient?_page=${page}`)), 'of another type')
  t.ok(isRefusal(await engine(`/Observation?_page=${page}&code=x`)), 'with more to search for')
  t.ok(isRefusal(await alice(`/Observation?_page=${page}`)), 'of somebody else')
  const other = client(s, await engineToken(s, 'system/*.rs'))
  t.equal((await other(next)).status, 200, 'the same client, with a token of its own')
})

const META = [
  "'",
  '"',
  ';',
  '--',
  '/*',
  '*/',
  '\\',
  '$1',
  '%',
  '_',
  '||',
  ')',
  "' or '1'='1",
  '$$',
  ':=',
  'E',
  '\u0000',
  ',',
  '|',
  '\\,',
  '\\|',
  '::text',
  '1e999',
  '-',
  '+',
]
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.oneof(fc.constantFrom(...META), fc.string({ maxLength: 5 })), { maxLength: 12 })
    .map(parts => parts.join('')),
)
const PREFIXES = ['', 'eq', 'ne', 'gt', 'ap', 'sa']
const names = [...definitions].flatMap(([type, { search }]) =>
  ['_id', '_lastUpdated', ...Object.keys(search)].map(param => [type, param] as const),
)
const nice = fc.oneof(
  text,
  fc.tuple(fc.constantFrom(...PREFIXES), fc.double().map(String)).map(parts => parts.join('')),
  fc
    .tuple(
      fc.constantFrom(...PREFIXES),
      fc.date({ noInvalidDate: true }).map(date => date.toISOString().slice(0, 16)),
    )
    .map(parts => parts.join('')),
  fc.tuple(text, text).map(parts => parts.join('|')),
  fc.tuple(fc.constantFrom('Patient', 'Group', 'X'), text).map(parts => parts.join('/')),
)
const modifier = fc.constantFrom(
  '',
  '',
  '',
  ':missing',
  ':not',
  ':exact',
  ':contains',
  ':identifier',
  ':Patient',
  ':text',
  ':in',
  ':of-type',
)

t.test('no value of any parameter, by any modifier, makes a search fail', async t => {
  const broken: string[] = []
  await fc
    .assert(
      fc.asyncProperty(fc.constantFrom(...names), modifier, nice, async ([type, param], modified, value) => {
        const path = `/${type}?${param}${modified}=${encodeURIComponent(value)}`
        for (const app of [engine, alice]) {
          const { status, text } = await app(path)
          if (![200, 400, 403].includes(status)) broken.push(`${path} ${status} ${text.slice(0, 200)}`)
        }
        return broken.length === 0
      }),
      { numRuns: 600 },
    )
    .catch(error => broken.push(String(error).slice(0, 600)))
  t.same(broken, [])
})

t.test('no name, no sort and no include makes a search fail, and none says more than it should', async t => {
  const broken: string[] = []
  const special = fc.constantFrom(
    '_sort',
    '_include',
    '_revinclude',
    '_elements',
    '_count',
    '_total',
    '_summary',
    '_page',
    '_format',
    '_has:Observation:subject:code',
    'subject.name',
  )
  await fc
    .assert(
      fc.asyncProperty(fc.oneof(special, text), text, async (name, value) => {
        const { status, text: body } = await alice(
          `/Observation?${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
        )
        if (![200, 400, 403, 406].includes(status)) broken.push(`${name}=${value} ${status} ${body.slice(0, 200)}`)
        if (status !== 200 && /syntax error|relation "|column "|postgres/i.test(body)) broken.push(body)
        return broken.length === 0
      }),
      { numRuns: 300 },
    )
    .catch(error => broken.push(String(error).slice(0, 600)))
  t.same(broken, [])
})

t.test('no id makes a read fail', async t => {
  const broken: string[] = []
  await fc
    .assert(
      fc.asyncProperty(text, async id => {
        for (const path of [`/Patient/${encodeURIComponent(id)}`, `/Patient/a/_history/${encodeURIComponent(id)}`]) {
          const { status } = await alice(path)
          if (![200, 400, 404, 405, 414].includes(status)) broken.push(`${path} ${status}`)
        }
        return broken.length === 0
      }),
      { numRuns: 200 },
    )
    .catch(error => broken.push(String(error).slice(0, 600)))
  t.same(broken, [])
})

t.test('nothing was written by looking for it', async t => {
  t.same(await storedVersions(s.pool), before)
})
