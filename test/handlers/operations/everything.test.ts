import { request } from 'node:http'
import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { client, entriesOf, linkOf, namesOf, type Reply, store } from '../../support/client.ts'
import { loadRecords } from '../../support/records.ts'
import { server } from '../../support/server.ts'
import { auditLines } from '../../support/stored.ts'
import { engineToken, patientToken, person, token } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t, { at: '2026-11-20T10:00:00.000Z' })
await loadRecords(s)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))

const HERS = [
  'Patient/alice',
  'Appointment/appointment-1',
  'Appointment/appointment-2',
  'Appointment/appointment-3',
  'Communication/message',
  'Consent/bob-for-alice',
  'DiagnosticReport/blood-count',
  'DiagnosticReport/electrolytes',
  'Observation/haemoglobin',
  'Observation/potassium',
  'Observation/sodium',
  'RelatedPerson/bob-for-alice',
]
const WITHHELD = ['DiagnosticReport/withheld', 'Observation/withheld-value']

const parameters = (...parameter: Json[]) => ({
  method: 'POST',
  body: { resourceType: 'Parameters', parameter },
})

async function pagesOf(ask: typeof alice, path: string): Promise<Reply[]> {
  const pages: Reply[] = []
  for (let next: string | undefined = path; next !== undefined; next = linkOf(pages.at(-1) as Reply, 'next'))
    pages.push(await ask(next))
  return pages
}

t.test('a patient gets her record and the practitioners it names, and nothing that is withheld', async t => {
  verifies('fhir-rest', 'REST-54')
  const reply = await alice('/Patient/alice/$everything')
  t.equal(reply.status, 200)
  t.match(reply.headers['content-type'], 'application/fhir+json')
  t.match(reply.json, { resourceType: 'Bundle', type: 'searchset', total: HERS.length })
  t.equal(namesOf(reply)[0], 'Patient/alice')
  t.same(namesOf(reply, 'match').sort(), [...HERS].sort())
  verifies('smart-2.2', 'SAL-138')
  t.same(namesOf(reply, 'include'), ['Practitioner/dr-shah'])
  t.equal(entriesOf(reply)[0]?.fullUrl, `${s.baseUrl}/fhir/Patient/alice`)
  t.equal(linkOf(reply, 'self'), `${s.baseUrl}/fhir/Patient/alice/$everything`)
  t.equal(linkOf(reply, 'next'), undefined)
  const potassium = await alice('/Observation/potassium')
  t.ok(reply.text.includes(potassium.text), 'the text is the stored one, digit for digit')
})

t.test('an engine gets what is withheld as well', async t => {
  const reply = await engine('/Patient/alice/$everything')
  t.same(namesOf(reply, 'match').sort(), [...HERS, ...WITHHELD].sort())
})

t.test('the same by POST, with and without Parameters, and on the type for the patient of the token', async t => {
  verifies('fhir-rest', 'REST-52')
  const got = namesOf(await alice('/Patient/alice/$everything'))
  t.same(namesOf(await alice('/Patient/alice/$everything', { method: 'POST' })), got)
  t.same(
    namesOf(await alice('/Patient/alice/$everything', { method: 'POST', body: { resourceType: 'Parameters' } })),
    got,
  )
  t.same(namesOf(await alice('/Patient/$everything')), got)
  const some = await alice(
    '/Patient/$everything',
    parameters({ name: '_type', valueString: 'Observation,Communication' }),
  )
  t.same(namesOf(some), [
    'Communication/message',
    'Observation/haemoglobin',
    'Observation/potassium',
    'Observation/sodium',
  ])
  t.equal((await alice('/Patient/alice/$everything', { method: 'PUT', body: {} })).status, 405)
})

t.test('_type, _since, start and end narrow it', async t => {
  verifies('fhir-rest', 'REST-55')
  const typed = await alice('/Patient/alice/$everything?_type=Observation&_type=Practitioner')
  t.same(new Set(namesOf(typed).map(name => name.split('/')[0])), new Set(['Observation', 'Practitioner']))
  t.same(namesOf(await alice('/Patient/alice/$everything?_since=2100-01-01T00:00:00Z')), [])
  t.equal(namesOf(await alice('/Patient/alice/$everything?_since=2000-01-01T00:00:00Z')).length, HERS.length + 1)
  const later = namesOf(await alice('/Patient/alice/$everything?start=2026-12-02'))
  t.ok(later.includes('Patient/alice'))
  t.ok(later.includes('Appointment/appointment-2'))
  t.notOk(later.includes('Appointment/appointment-1'))
  t.notOk(later.includes('Observation/sodium'))
  const between = namesOf(
    await alice('/Patient/alice/$everything?start=2026-11-02&end=2026-11-02&_type=Observation,Communication'),
  )
  t.same(between, ['Observation/haemoglobin', 'Observation/potassium', 'Observation/sodium'])
})

t.test('pages join to the whole, each once, and their links open for nobody else', async t => {
  verifies('fhir-rest', 'REST-55')
  const whole = await alice('/Patient/alice/$everything')
  const pages = await pagesOf(alice, '/Patient/alice/$everything?_count=4')
  t.same(
    pages.flatMap(page => namesOf(page)),
    namesOf(whole),
  )
  t.same(
    pages.map(page => page.json.total),
    [12, 12, 12, 12],
  )
  t.equal(pages.length, 4)
  const next = linkOf(pages[0] as Reply, 'next') ?? ''
  t.notMatch(next, /alice.*_page=.*Observation/)
  const bob = client(s, await patientToken(s, 'bob'))
  t.equal((await bob(next)).status, 400)
  t.equal((await engine(next)).status, 400)
  t.equal((await alice(`${next}&_type=Observation`)).status, 400)
})

t.test('only the types of the scopes are in it, and only the types that a proxy was given', async t => {
  verifies('fhir-rest', 'REST-54')
  const narrow = client(s, await patientToken(s, 'alice', 'patient/Patient.r patient/Observation.rs'))
  const types = new Set(namesOf(await narrow('/Patient/alice/$everything')).map(name => name.split('/')[0]))
  t.same(types, new Set(['Patient', 'Observation']))
  t.equal((await narrow('/Patient/alice/$everything?_type=Appointment')).status, 403)
  const readsOnly = client(s, await patientToken(s, 'alice', 'patient/*.r'))
  t.same(namesOf(await readsOnly('/Patient/alice/$everything'), 'match'), ['Patient/alice'])
  const none = client(s, await patientToken(s, 'alice', 'patient/Observation.rs'))
  t.equal((await none('/Patient/alice/$everything')).status, 403)
  await person(s, 'bob-the-proxy', ['RelatedPerson/bob-for-alice'])
  const claims = { sub: 'bob-the-proxy', patient: 'alice', scope: 'patient/*.rs', act: { sub: 'bob-the-proxy' } }
  const proxy = client(s, await token(s, { ...claims, fhirUser: 'RelatedPerson/bob-for-alice' }))
  const seen = new Set(namesOf(await proxy('/Patient/alice/$everything'), 'match').map(name => name.split('/')[0]))
  t.ok(seen.has('Appointment'))
  t.notOk(seen.has('Observation'))
  t.notOk(seen.has('Communication'))
})

t.test('somebody else and nobody are answered alike; a deleted Patient is gone', async t => {
  const other = await alice('/Patient/dev/$everything')
  t.equal(other.status, 404)
  t.equal(other.text, (await alice('/Patient/not/$everything')).text.replaceAll('Patient/not', 'Patient/dev'))
  await store(engine, [{ resourceType: 'Patient', id: 'gone' }])
  await engine('/Patient/gone', { method: 'DELETE' })
  t.equal((await engine('/Patient/gone/$everything')).status, 410)
})

t.test('what it cannot do is said', async t => {
  for (const [query, text] of [
    ['_sice=2020-01-01', /Did you mean ..?_since/],
    ['_since=yesterday', /_since must be/],
    ['_count=0', /_count must be 1 or more/],
    ['_count=many', /whole number/],
    ['_type=Patients', /_type must name types/],
    ['start=2026-13-01', /start must be/],
    ['start=2026&start=2027', /once/],
    ['_page=abc', /_page is not a link/],
  ] as const) {
    const reply = await alice(`/Patient/alice/$everything?${query}`)
    t.equal(reply.status, 400, query)
    t.match(reply.text, text)
  }
})

t.test('all records, for an engine, in pages', async t => {
  const pages = await pagesOf(engine, '/Patient/$everything?_count=5')
  const names = pages.flatMap(page => namesOf(page))
  t.equal(new Set(names).size, names.length)
  for (const name of ['Patient/alice', 'Patient/dev', 'Observation/withheld-value', 'Practitioner/dr-shah'])
    t.ok(names.includes(name), name)
  t.ok(pages.every(page => entriesOf(page).length <= 5))
  t.equal((await client(s, await engineToken(s, 'system/Observation.rs'))('/Patient/$everything')).status, 403)
})

t.test('what is shared is followed, but not into other records', async t => {
  verifies('fhir-rest', 'REST-54')
  await store(engine, [
    { resourceType: 'Patient', id: 'eve' },
    { resourceType: 'Organization', id: 'ward', name: 'Ward' },
    {
      resourceType: 'PractitionerRole',
      id: 'role',
      practitioner: { reference: 'Practitioner/dr-shah' },
      organization: { reference: 'Organization/ward' },
    },
    { resourceType: 'Schedule', id: 'hers', actor: [{ reference: 'Patient/alice' }] },
    {
      resourceType: 'Slot',
      id: 'slot',
      schedule: { reference: 'Schedule/hers' },
      status: 'busy',
      start: '2026-12-01T09:00:00Z',
      end: '2026-12-01T09:30:00Z',
    },
    {
      resourceType: 'Appointment',
      id: 'eves',
      status: 'booked',
      start: '2026-12-01T09:00:00Z',
      end: '2026-12-01T09:30:00Z',
      slot: [{ reference: 'Slot/slot' }],
      participant: [
        { actor: { reference: 'Patient/eve' }, status: 'accepted' },
        { actor: { reference: 'PractitionerRole/role' }, status: 'accepted' },
      ],
    },
    {
      resourceType: 'Appointment',
      id: 'both',
      status: 'booked',
      start: '2026-12-01T09:00:00Z',
      end: '2026-12-01T09:30:00Z',
      participant: ['eve', 'alice'].map(id => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
    },
  ])
  const eve = client(s, await patientToken(s, 'eve'))
  const linked = ['Organization/ward', 'Practitioner/dr-shah', 'PractitionerRole/role', 'Slot/slot']
  t.same(namesOf(await eve('/Patient/eve/$everything')), ['Patient/eve', 'Appointment/eves', ...linked])
  t.same(namesOf(await engine('/Patient/eve/$everything')), [
    'Patient/eve',
    'Appointment/both',
    'Appointment/eves',
    ...linked,
  ])
})

t.test('what is shared and outside of the scope is not there, and leads to nothing', async t => {
  verifies('smart-2.2', 'SAL-1012')
  const scope = 'patient/Patient.rs patient/Appointment.rs patient/Organization.rs patient/PractitionerRole.rs'
  const eve = client(s, await patientToken(s, 'eve', scope))
  t.same(namesOf(await eve('/Patient/eve/$everything'), 'include'), ['Organization/ward', 'PractitionerRole/role'])
  const limited = client(s, await patientToken(s, 'eve', `${scope}?active=true`))
  t.same(namesOf(await limited('/Patient/eve/$everything')), ['Patient/eve', 'Appointment/eves'])
})

t.test('the access is recorded before the first byte, with all that is sent', async t => {
  const headers = { 'x-request-id': 'everything-of-alice' }
  const reply = await alice('/Patient/alice/$everything?_type=Observation', { headers })
  const line = (await auditLines(s.pool)).find(each => each[1] === 'everything-of-alice')
  t.same(line?.slice(2, 4), ['operation', 'Patient/alice/$everything?_type=Observation'])
  t.same(line?.at(-1), { ids: namesOf(reply) })
  await client(s, await patientToken(s, 'alice', 'patient/Observation.rs'))('/Patient/alice/$everything', {
    headers: { 'x-request-id': 'refused' },
  })
  t.same((await auditLines(s.pool)).find(each => each[1] === 'refused')?.at(-1), { status: 403 })
})

t.test('a long record begins at once, waits for a slow reader, and may be left in the middle', async t => {
  const many = Array.from({ length: 1200 }, (_, index) => ({
    resourceType: 'Observation',
    id: `many-${index}`,
    status: 'final',
    code: { text: 'x'.repeat(3000) },
    subject: { reference: 'Patient/dev' },
  }))
  await store(engine, [...many])
  const dev = await patientToken(s, 'dev')
  const whole = await client(s, dev)('/Patient/dev/$everything')
  t.equal(entriesOf(whole).length, 1201)
  const asked = request(`${s.baseUrl}/fhir/Patient/dev/$everything`, { headers: { authorization: `Bearer ${dev}` } })
  const begun = Date.now()
  const size = await new Promise<number>((resolve, reject) => {
    asked.once('error', reject)
    asked.once('response', response => {
      response.once('data', (data: Buffer) => {
        t.comment(`first byte after ${Date.now() - begun} ms`)
        response.destroy()
        resolve(data.length)
      })
    })
    asked.end()
  })
  t.ok(size > 0 && size < whole.text.length / 2)
  t.equal((await client(s, dev)('/Patient/dev')).status, 200, 'the server goes on')
  t.equal((await client(s, dev)('/Patient/dev/$everything', { method: 'HEAD' })).status, 200)
})
