import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { type Client, client, entriesOf, linkOf, namesOf, type Reply, store } from '../support/client.ts'
import { observation, patient, reference } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const pat = client(s, await patientToken(s, 'pat'))
const UNIT = 'http://unitsofmeasure.org'
const narrative = (text: string): Json => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`,
})

await store(engine, [
  patient('pat', { name: [{ family: 'Archer' }], birthDate: '1975-04-12', gender: 'female' }),
  patient('other', {
    name: [{ family: 'Brown' }],
    identifier: [
      { system: 'urn:b', value: '2' },
      { system: 'urn:a', value: '9' },
    ],
  }),
  patient('third', {
    name: [{ family: 'archer' }],
    identifier: [{ system: 'urn:a', value: '10' }],
    telecom: [
      { system: 'phone', value: '1' },
      { system: 'email', value: 'z@example.org' },
    ],
  }),
  { resourceType: 'Practitioner', id: 'dr', name: [{ family: 'Shah' }] },
  observation('a', 'pat', {
    text: narrative('A <b>Crème</b> brûlée'),
    effectiveDateTime: '2026-01-02',
    code: { coding: [{ system: 'urn:z', code: '1' }] },
    valueQuantity: { value: 9, system: UNIT, code: 'mg' },
    performer: [reference('Practitioner/dr')],
  }),
  observation('b', 'pat', {
    effectiveDateTime: '2026-01-01',
    code: { coding: [{ system: 'urn:a', code: '2' }] },
    valueQuantity: { value: 10, system: UNIT, code: 'mg' },
    note: [{ text: 'said in a note' }],
  }),
  observation('c', 'pat', {
    code: {
      coding: [
        { system: 'urn:a', code: '1' },
        { system: 'urn:zz', code: '1' },
      ],
    },
  }),
  observation('d', 'other', { effectiveDateTime: '2025-01-01', text: narrative('creme brulee') }),
  {
    resourceType: 'List',
    id: 'chosen',
    status: 'current',
    mode: 'snapshot',
    subject: reference('Patient/pat'),
    entry: ['Observation/a', 'Observation/d', 'Patient/pat'].map(each => ({ item: reference(each) })),
  },
])

const ids = (reply: Reply): string =>
  entriesOf(reply)
    .filter(({ search }) => search.mode === 'match')
    .map(({ resource }) => resource.id)
    .join(' ')
const found = async (path: string, ask: Client = pat): Promise<string> => ids(await ask(path))

/** The ids of all pages of a list. */
async function walked(path: string, ask: Client = pat): Promise<string> {
  const pages: string[] = []
  for (let next: string | undefined = path; next; ) {
    const reply: Reply = await ask(next)
    pages.push(ids(reply))
    next = linkOf(reply, 'next')
  }
  return pages.join(' ')
}

async function refused(path: string, ask: Client = pat): Promise<string> {
  const { status, text } = await ask(path)
  return `${status} ${text}`
}

t.test('a list is sorted by any parameter, what has no value comes last both ways', async t => {
  verifies('fhir-rest', 'REST-80')
  const orders: [string, string, string][] = [
    ['date', 'b a c', 'a b c'],
    ['code', 'c b a', 'a c b'],
    ['value-quantity', 'a b c', 'b a c'],
    ['performer', 'a b c', 'a b c'],
    ['combo-code', 'c b a', 'a c b'],
    ['_id', 'a b c', 'c b a'],
  ]
  for (const [param, ascending, descending] of orders) {
    t.equal(await found(`/Observation?_sort=${param}`), ascending, param)
    t.equal(await found(`/Observation?_sort=-${param}`), descending, `-${param}`)
    t.equal(await walked(`/Observation?_sort=${param}&_count=1`), ascending, `${param}, page by page`)
    t.equal(await walked(`/Observation?_sort=-${param}&_count=1`), descending, `-${param}, page by page`)
  }
  t.equal(await found('/Observation?_sort=status,-_id'), 'c b a', 'by several')
  t.equal(await walked('/Observation?_sort=status,-code,_id&_count=1'), 'a c b', 'by several, page by page')
})

t.test('what the index has as hashes only is sorted by the text of the resource', async t => {
  t.equal(await found('/Patient?_sort=identifier', engine), 'third other pat')
  t.equal(await found('/Patient?_sort=-identifier', engine), 'other third pat')
  t.equal(await walked('/Patient?_sort=identifier&_count=1', engine), 'third other pat')
  t.equal(await found('/Patient?_sort=-email', engine), 'third other pat')
  t.equal(await found('/Patient?_sort=family,_id', engine), 'pat third other', 'a string as it is compared')
  t.match(await refused('/Patient?_sort=famly', engine), /^400 .*famly.*Did you mean.*family/)
})

t.test('the total is that of all pages, not told, or estimated', async t => {
  verifies('fhir-rest', 'REST-87')
  t.equal((await pat('/Observation?_count=1')).json.total, undefined)
  t.equal((await pat('/Observation?_count=1&_total=accurate')).json.total, 3)
  t.equal((await pat('/Observation?_count=1&_total=estimate')).json.total, 3)
  t.equal((await engine('/Observation?_count=1&_total=estimate')).json.total, 4)
  t.equal((await pat('/Observation')).json.total, 3, 'of one page it is known')
  for (const path of ['/Observation?_summary=count', '/Observation?_count=0']) {
    const reply = await pat(path)
    t.equal(reply.json.total, 3)
    t.notOk('entry' in reply.json)
  }
  t.match(await refused('/Observation?_total=about'), /^400 .*about/)
})

t.test('a summary, its text, its data, or some elements are marked as parts', async t => {
  verifies('fhir-rest', 'REST-86')
  const first = async (query: string): Promise<Json> =>
    entriesOf(await pat(`/Observation?_id=a&${query}`))[0]?.resource ?? {}
  const summary = await first('_summary=true')
  t.match(summary.meta, { tag: [{ code: 'SUBSETTED' }] })
  t.match(summary, { status: 'final', valueQuantity: { value: 9 } })
  t.notOk('text' in summary)
  t.same(Object.keys(await first('_summary=text')).sort(), ['code', 'id', 'meta', 'resourceType', 'status', 'text'])
  t.notOk('text' in (await first('_summary=data')))
  t.ok('text' in (await first('_summary=false')))
  t.same(Object.keys(await first('_elements=Observation.valueQuantity,performer')).sort(), [
    'code',
    'id',
    'meta',
    'performer',
    'resourceType',
    'status',
    'valueQuantity',
  ])
  t.match(await refused('/Observation?_summary=short'), /^400 .*short/)
  t.match(await refused('/Observation?_elements=perfomer'), /^400 .*perfomer.*performer/)
  t.match(await refused('/Observation?_elements=status&_summary=true'), /^400/)
  t.match(await refused('/Observation?_summary=text&_include=Observation:subject'), /^400/)
})

t.test('the links say what was used, where the next page and the first are, and no page is empty', async t => {
  const one = await pat('/Observation?_count=2&_sort=_id')
  t.equal(linkOf(one, 'self'), `${s.baseUrl}/fhir/Observation?_count=2&_sort=_id`)
  const two = await pat(linkOf(one, 'next') ?? '')
  t.equal(ids(two), 'c')
  t.equal(linkOf(two, 'next'), undefined)
  t.equal(linkOf(two, 'first'), linkOf(one, 'self'))
  t.equal(linkOf(two, 'previous'), undefined)
  t.equal(linkOf(await pat('/Observation?_count=3'), 'next'), undefined)
  const lenient = await pat('/Observation?cod=1&_id=a', { headers: { prefer: 'handling=lenient' } })
  t.equal(linkOf(lenient, 'self'), `${s.baseUrl}/fhir/Observation?_id=a`)
  t.match(await refused('/Observation?cod=1&_id=a'), /^400/)
  t.equal(await found('/Observation?_count=999999'), 'a b c', 'too large a page is made smaller')
  t.match(await refused('/Observation?_count=many'), /^400 .*many/)
})

t.test('words are found in the narrative or anywhere, however they are accented', async t => {
  verifies('fhir-rest', 'REST-88')
  t.equal(await found('/Observation?_text=CREME'), 'a')
  t.equal(await found('/Observation?_text=brulee%20cr%C3%A8me'), 'a')
  t.equal(await found('/Observation?_text=note'), '')
  t.equal(await found('/Observation?_content=note'), 'b')
  t.equal(await found('/Observation?_content=note,creme&_sort=_id'), 'a b', 'a comma is an alternative')
  t.equal(await found('/Observation?_content=%22said%20note%22'), '', 'a phrase is one')
  t.equal(await found('/Observation?_text=creme&patient=other', engine), 'd')
  t.match(await refused('/Observation?_text=creme', engine), /^400 .*too-costly/)
  t.match(await refused('/Observation?_text=%21'), /^400 .*\\"!\\"/)
})

t.test('a list narrows a search to what is on it, for who may see the list', async t => {
  verifies('fhir-rest', 'REST-88')
  t.equal(await found('/Observation?_list=chosen'), 'a')
  t.equal(await found('/Observation?_list=chosen&_sort=_id', engine), 'a d')
  t.equal(await found('/Patient?_list=chosen', engine), 'pat')
  t.equal(await found('/Observation?_list=nowhere', engine), '')
  const other = client(s, await patientToken(s, 'other'))
  t.equal(await found('/Observation?_list=chosen', other), '', 'the list is not hers')
  t.match(await refused('/Observation?_list=$current-problems'), /^400 .*current-problems/)
  const withoutLists = client(s, await patientToken(s, 'pat', 'patient/Observation.rs'))
  t.equal((await withoutLists('/Observation?_list=chosen')).status, 403)
})

t.test('a form finds what the address finds, and both together are one search', async t => {
  const post = (body: string, path = '/Observation/_search') =>
    pat(path, { method: 'POST', body: new URLSearchParams(body) })
  t.equal(ids(await post('_sort=-_id')), await found('/Observation?_sort=-_id'))
  t.equal(ids(await post('_sort=-_id', '/Observation/_search?code=1')), 'c a')
  const page = await post('_sort=-_id&_count=2')
  t.equal(ids(await pat(linkOf(page, 'next') ?? '')), 'a')
})

t.test('several types are searched at once by what they have in common', async t => {
  verifies('fhir-rest', 'REST-90')
  t.same(namesOf(await engine('/?_type=Patient,Practitioner&_sort=_id')), [
    'Practitioner/dr',
    'Patient/other',
    'Patient/pat',
    'Patient/third',
  ])
  t.same(namesOf(await engine('?_id=pat,dr&_sort=_id')), ['Practitioner/dr', 'Patient/pat'])
  t.equal(
    await walked('?_type=Patient,Practitioner,Observation&_count=2&_sort=-_id', engine),
    'third pat other dr d c b a',
  )
  t.same(namesOf(await engine('?_type=Observation,List&patient=pat&_sort=_id')), [
    'Observation/a',
    'Observation/b',
    'Observation/c',
    'List/chosen',
  ])
  const byForm = await engine('/_search', {
    method: 'POST',
    body: new URLSearchParams('_type=Patient&_total=accurate&_count=1'),
  })
  t.equal(byForm.json.total, 3)
  t.equal((await engine('?_type=Patient,Practitioner&_summary=count')).json.total, 4)
  const hers = namesOf(await pat('/?_count=100&_sort=_id'))
  t.same(hers, ['Observation/a', 'Observation/b', 'Observation/c', 'List/chosen', 'Practitioner/dr', 'Patient/pat'])
  t.match(await refused('?_type=Patient,Claim', engine), /^400 .*Claim/)
  t.match(await refused('?_type=Patient,Observation&family=x', engine), /^400 .*family/)
  const narrow = client(s, await patientToken(s, 'pat', 'patient/Observation.rs'))
  t.equal((await narrow('?_type=Patient')).status, 403)
  t.same(namesOf(await narrow('?_sort=_id')), ['Observation/a', 'Observation/b', 'Observation/c'])
})

t.test('the compartment of a patient is searched, others are not kept', async t => {
  verifies('fhir-rest', 'REST-89')
  t.equal(await found('/Patient/pat/Observation?_sort=_id', engine), 'a b c')
  t.equal(await walked('/Patient/pat/Observation?_sort=_id&_count=1', engine), 'a b c')
  t.same(namesOf(await engine('/Patient/pat/*?_sort=_id')), [
    'Observation/a',
    'Observation/b',
    'Observation/c',
    'List/chosen',
    'Patient/pat',
  ])
  t.same(namesOf(await engine('/Patient/pat/*?_type=List')), ['List/chosen'])
  t.equal(await found('/Patient/pat/Patient'), 'pat')
  t.equal(await found('/Patient/other/Observation'), '', 'not hers')
  const form = { method: 'POST', body: new URLSearchParams('_sort=-_id') }
  t.equal(ids(await pat('/Patient/pat/Observation/_search?code=1', form)), 'c a')
  t.match(await refused('/Patient/pat/Practitioner'), /^404 .*Practitioner/)
  t.match(await refused('/Practitioner/dr/Observation'), /^404 .*compartment/)
  t.equal((await pat('/Patient/pat/Observation', { method: 'PUT' })).status, 405)
})

t.test('a read shows as much as is asked for', async t => {
  const summary = await pat('/Observation/a?_summary=true')
  t.match(summary.json, { id: 'a', status: 'final', meta: { tag: [{ code: 'SUBSETTED' }] } })
  t.notOk('text' in summary.json)
  t.same(Object.keys((await pat('/Observation/a/_history/1?_elements=performer')).json).sort(), [
    'code',
    'id',
    'meta',
    'performer',
    'resourceType',
    'status',
  ])
  t.match(await refused('/Observation/a?_summary=count'), /^400/)
  t.match(await refused('/Observation/a?_elements=perfomer'), /^400 .*performer/)
})

t.test('a write cannot be made to depend on words or lists', async t => {
  for (const criteria of ['identifier=x&_content=creme', 'identifier=x&_list=chosen']) {
    const reply = await engine('/Observation', {
      method: 'POST',
      body: observation('new', 'pat'),
      headers: { 'if-none-exist': criteria },
    })
    t.equal(reply.status, 400, criteria)
  }
})
