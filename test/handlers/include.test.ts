import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { type Client, client, entriesOf, linkOf, namesOf, type Reply, store } from '../support/client.ts'
import { made, observation, patient, reference } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const pat = client(s, await patientToken(s, 'pat'))

const place = (id: string, partOf?: string): Json =>
  made('Location', id, partOf === undefined ? {} : { partOf: reference(`Location/${partOf}`) })
const answers = (id: string, questionnaire: string): Json =>
  made('QuestionnaireResponse', id, { status: 'completed', subject: reference('Patient/pat'), questionnaire })
const questions = (id: string, version: string): Json =>
  made('Questionnaire', id, { status: 'active', url: 'http://example.org/questions', version })

await store(engine, [
  patient('pat', {
    generalPractitioner: [reference('Practitioner/gp')],
    managingOrganization: reference('Organization/ward'),
  }),
  patient('other'),
  made('Organization', 'trust', { name: 'Trust' }),
  made('Organization', 'ward', { name: 'Ward', partOf: reference('Organization/trust') }),
  made('Practitioner', 'gp', { name: [{ family: 'Shah' }] }),
  made('PractitionerRole', 'role', {
    practitioner: reference('Practitioner/gp'),
    organization: reference('Organization/trust'),
  }),
  observation('panel', 'pat', {
    hasMember: [reference('Observation/part')],
    performer: [reference('Practitioner/gp')],
  }),
  observation('part', 'pat', { hasMember: [reference('Observation/least')] }),
  observation('least', 'pat', { derivedFrom: [reference('Observation/panel')] }),
  observation('foreign', 'other', { derivedFrom: [reference('Observation/panel')] }),
  made('Encounter', 'visit', {
    status: 'finished',
    class: { code: 'AMB' },
    subject: reference('Patient/pat'),
    location: [{ location: reference('Location/bed') }],
  }),
  place('bed', 'room'),
  place('room', 'house'),
  place('house', 'bed'),
  questions('first', '1'),
  questions('second', '2'),
  answers('of-two', 'http://example.org/questions|2'),
  answers('of-any', 'http://example.org/questions'),
])

const included = async (path: string, ask: Client = pat): Promise<string> =>
  namesOf(await ask(path), 'include').join(' ')

t.test('an include brings along what a reference names, of one type or of all', async t => {
  verifies('fhir-rest', 'REST-81')
  verifies('fhir-rest', 'REST-82')
  t.equal(await included('/Observation?_id=panel&_include=Observation:subject'), 'Patient/pat')
  t.equal(await included('/Observation?_id=panel&_include=Observation:performer:Practitioner'), 'Practitioner/gp')
  t.equal(await included('/Observation?_id=panel&_include=Observation:performer:Organization'), '')
  const all = 'Observation/part Patient/pat Practitioner/gp'
  t.equal(await included('/Observation?_id=panel&_include=*'), all)
  t.equal(await included('/Observation?_id=panel&_include=Observation:*'), all)
  t.equal(await included('/Observation?_id=panel&_include=Observation:*:Patient'), 'Patient/pat')
})

t.test('a revinclude brings along what names the match, and nothing of others', async t => {
  verifies('fhir-rest', 'REST-81')
  t.equal(await included('/Observation?_id=panel&_revinclude=Observation:derived-from'), 'Observation/least')
  t.equal(
    await included('/Observation?_id=panel&_revinclude=Observation:derived-from', engine),
    'Observation/foreign Observation/least',
  )
  t.equal(await included('/Observation?_id=panel&_revinclude=*'), 'Observation/least')
  t.match(await included('/Patient?_revinclude=Observation:*'), 'Observation/least Observation/panel Observation/part')
  t.equal(await included('/Patient?_id=pat&_revinclude=Encounter:patient', engine), 'Encounter/visit')
})

t.test('what was included is followed with :iterate, around circles too', async t => {
  verifies('fhir-rest', 'REST-82')
  const start = '/Observation?_id=panel&_include=Observation:has-member'
  t.equal(await included(start), 'Observation/part')
  t.equal(
    await included(`/Observation?_id=panel&_include:iterate=Observation:has-member`),
    'Observation/least Observation/part',
  )
  t.equal(
    await included('/Encounter?_include=Encounter:location&_include:iterate=Location:partof'),
    'Location/bed Location/house Location/room',
  )
  t.equal(await included('/Encounter?_include=Encounter:location'), 'Location/bed')
  t.equal(
    await included(
      '/Observation?_id=panel&_include=Observation:patient&_include:iterate=Patient:organization&_include:iterate=Organization:partof',
    ),
    'Organization/trust Organization/ward Patient/pat',
  )
  t.equal(
    await included(
      '/Observation?_id=panel&_include=Observation:performer&_revinclude:iterate=PractitionerRole:practitioner',
      engine,
    ),
    'Practitioner/gp PractitionerRole/role',
  )
  const everything = await included('/Observation?_id=panel&_include:iterate=*&_revinclude:iterate=*')
  t.match(everything, /Encounter\/visit.*Location\/house.*Organization\/trust.*QuestionnaireResponse\/of-two/)
  t.notMatch(everything, 'foreign')
  t.match(
    await included('/Observation?_id=panel&_include:iterate=*&_revinclude:iterate=*', engine),
    /foreign.*Patient\/other/,
  )
})

t.test('what is named by its url is brought along too, in the version that is named', async t => {
  const of = (id: string) => `/QuestionnaireResponse?_id=${id}&_include=QuestionnaireResponse:questionnaire`
  t.equal(await included(of('of-two')), 'Questionnaire/second')
  t.equal(await included(of('of-any')), 'Questionnaire/first Questionnaire/second')
  t.equal(
    await included('/Questionnaire?_id=second&_revinclude=QuestionnaireResponse:questionnaire'),
    'QuestionnaireResponse/of-any QuestionnaireResponse/of-two',
  )
  const isAnsweredBy = '_revinclude=QuestionnaireResponse:questionnaire'
  t.equal(await included(`/Questionnaire?_id=first&${isAnsweredBy}`), 'QuestionnaireResponse/of-any')
  t.equal(await included('/Questionnaire?_id=first&_revinclude=*'), 'QuestionnaireResponse/of-any')
})

t.test('several types searched at once bring along what each names', async t => {
  t.equal(
    await included(
      '?_type=Encounter,Observation&_id=visit,panel&_include=Encounter:location&_include=Observation:performer',
      engine,
    ),
    'Location/bed Practitioner/gp',
  )
})

t.test('what may not be read is not brought along, and what is no reference is refused', async t => {
  const narrow = client(s, await patientToken(s, 'pat', 'patient/Observation.rs'))
  t.equal(
    await included('/Observation?_id=panel&_include=*&_include:iterate=*', narrow),
    'Observation/least Observation/part',
  )
  for (const [query, quoted] of [
    ['_include=Observation:cod', 'Observation:cod'],
    ['_include=Observation', 'Observation'],
    ['_include=Claim:patient', 'Claim:patient'],
    ['_include=Patient:link', 'iterate'],
    ['_include:again=Observation:subject', 'again'],
    ['_revinclude=Observation:code', 'Observation:code'],
  ] as const) {
    const { status, text } = await pat(`/Observation?${query}`)
    t.match(`${status} ${text}`, new RegExp(`^400 .*${quoted}`), query)
  }
})

t.test('what one page cannot bring along stands on the next ones, all of it, once', async t => {
  verifies('fhir-rest', 'REST-83')
  const many = Array.from({ length: 2300 }, (_, index) =>
    observation(`many-${index}`, 'other', { focus: [reference('Location/bed')] }),
  )
  await store(engine, many)
  const pages: string[][] = []
  const matches: string[][] = []
  for (let next: string | undefined = '/Location?_count=2&_sort=_id&_revinclude=Observation:focus'; next; ) {
    const reply: Reply = await engine(next)
    pages.push(namesOf(reply, 'include'))
    matches.push(namesOf(reply, 'match'))
    t.notSame(entriesOf(reply), [], 'no page is empty')
    next = linkOf(reply, 'next')
  }
  t.same(
    pages.map(({ length }) => length),
    [1000, 1000, 300, 0],
  )
  t.equal(new Set(pages.flat()).size, 2300)
  t.same(matches, [['Location/bed', 'Location/house'], [], [], ['Location/room']])
  const iterated: string[] = []
  for (
    let next: string | undefined = '/Encounter?_include=Encounter:location&_revinclude:iterate=Observation:focus';
    next;
  ) {
    const reply: Reply = await engine(next)
    iterated.push(...namesOf(reply, 'include'))
    next = linkOf(reply, 'next')
  }
  t.equal(iterated.length, 2301)
  t.equal(new Set(iterated).size, 2301)
  const resized: string[] = []
  for (let next: string | undefined = '/Location?_count=2&_sort=_id&_revinclude=Observation:focus'; next; ) {
    const reply: Reply = await engine(resized.length > 0 ? `${next}&_count=1` : next)
    resized.push(...namesOf(reply))
    next = linkOf(reply, 'next')
  }
  t.equal(new Set(resized).size, 2303, 'a page that goes on with the rest of another keeps the size of that one')
})
