// How many versions a history has, and what is asked of it that it does not know.
import t from 'tap'
import { client, entriesOf, linkOf, type Reply, store } from '../support/client.ts'
import { patient, procedure } from '../support/made.ts'
import { server } from '../support/server.ts'
import { auditLines } from '../support/stored.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const pat = client(s, await patientToken(s, 'pat'))

await store(engine, [patient('pat'), patient('other'), procedure('one', 'pat'), procedure('theirs', 'other')])
for (const language of ['en', 'cy']) await store(engine, [procedure('one', 'pat', { language })])
await engine('/Procedure/one', { method: 'DELETE' })
await store(engine, [procedure('one', 'pat', { language: 'fr' })])
await store(engine, [procedure('one', 'pat', { language: 'de' })])

type Entry = { request: { method: string; url: string }; response: { status: string; etag: string } }
const entries = (reply: Reply) => entriesOf(reply) as unknown as Entry[]

t.test('a history that is whole tells how many versions it has, and _count=0 tells of all without any', async t => {
  verifies('fhir-rest', 'REST-96')
  const totals: readonly [path: string, ofEngine: number, ofPatient: number][] = [
    ['/Procedure/one/_history', 6, 6],
    ['/Procedure/_history', 7, 6],
    ['/_history', 9, 7],
  ]
  for (const [path, ofEngine, ofPatient] of totals)
    for (const [app, total] of [
      [engine, ofEngine],
      [pat, ofPatient],
    ] as const) {
      const whole = await app(path)
      t.equal(whole.json.total, total, path)
      t.equal(entries(whole).length, total, path)
      const counted = await app(`${path}?_count=0`)
      t.equal(counted.status, 200)
      t.equal(counted.json.total, total, `${path}?_count=0`)
      t.notOk('entry' in counted.json, 'FHIR has no empty lists')
      t.equal(linkOf(counted, 'self'), `${s.baseUrl}/fhir${path}?_count=0`)
      t.equal(linkOf(counted, 'next'), undefined)
    }
})

t.test('every page of the history of a resource tells how many versions it has', async t => {
  verifies('fhir-rest', 'REST-96')
  const first = await pat('/Procedure/one/_history?_count=4')
  t.equal(first.json.total, 6)
  const second = await pat(linkOf(first, 'next') ?? '')
  t.equal(second.json.total, 6)
  t.equal(entries(second).length, 2)
  t.equal((await pat('/Procedure/_history?_count=4')).json.total, undefined, 'of many it is told when asked for')
  t.equal((await pat('/Procedure/_history?_count=4&_total=accurate')).json.total, 6)
  t.equal((await pat('/Procedure/_history?_count=4&_total=none')).json.total, undefined)
  t.equal((await pat('/Procedure/_history?_total=some')).status, 400)
})

t.test('what is counted is what was asked for', async t => {
  verifies('fhir-rest', 'REST-96', 'REST-39')
  const [, middle] = entries(await engine('/Procedure/one/_history'))
  t.equal(middle?.response.etag, 'W/"5"')
  const deletedAt = (await engine('/Procedure/one/_history')).json.entry as { response: { lastModified: string } }[]
  const since = deletedAt[2]?.response.lastModified ?? ''
  for (const path of ['/Procedure/one/_history', '/Procedure/_history']) {
    t.equal((await engine(`${path}?_since=${since}&_count=0`)).json.total, 3)
    t.equal((await engine(`${path}?_since=2050-01-01&_count=0`)).json.total, 0)
    t.equal((await engine(`${path}?_since=2050-01-01`)).json.total, 0)
    t.equal((await engine(`${path}?_at=2050-01-01&_count=0`)).json.total, path.includes('one') ? 1 : 2)
  }
})

t.test('what is not there, or is somebody else’s, has no history, whatever is asked of it', async t => {
  verifies('fhir-rest', 'REST-96')
  for (const query of ['', '?_count=0', '?_since=2050-01-01', '?_at=1999', '?_since=2050-01-01&_count=0'])
    for (const id of ['nothing', 'theirs']) {
      const { status, text } = await pat(`/Procedure/${id}/_history${query}`)
      t.equal(status, 404, `${id} ${query}`)
      t.match(text, `There is no Procedure/${id}`)
    }
  t.equal((await pat('/Procedure/one/_history?_since=2050-01-01')).status, 200, 'hers is there')
})

t.test('what a count is about is in the audit', async t => {
  await pat('/Procedure/_history?_count=0')
  t.match((await auditLines(s.pool)).at(-1), [/.*/, /.*/, 'history-type', 'Procedure/_history'])
  t.match((await auditLines(s.pool)).at(-1)?.at(-1), { count: 6 })
})

t.test('a restored resource was created anew, by the history too', async t => {
  verifies('fhir-rest', 'REST-97')
  const told = ['/Procedure/one/_history', '/Procedure/_history', '/_history']
  for (const path of told) {
    const ofOne = entries(await engine(path)).filter(({ request }) => request.url === 'Procedure/one')
    t.same(
      ofOne.map(({ request, response }) => `${request.method} ${response.status} ${response.etag}`),
      [
        'PUT 200 OK W/"6"',
        'PUT 201 Created W/"5"',
        'DELETE 204 No Content W/"4"',
        'PUT 200 OK W/"3"',
        'PUT 200 OK W/"2"',
        'PUT 201 Created W/"1"',
      ],
      path,
    )
  }
  t.match(entries(await engine('/Procedure/one/_history?_count=2'))[1]?.response.status, '201', 'at the end of a page')
  const reply = await engine('/Procedure', { method: 'POST', body: procedure('x', 'pat') })
  const [made] = entries(await engine(`${reply.headers.location?.split('/fhir')[1]?.split('/_history')[0]}/_history`))
  t.match(made, { request: { method: 'POST', url: 'Procedure' }, response: { status: '201 Created' } })
})

t.test('an unknown parameter of a history is refused, or passed over where that is asked for', async t => {
  verifies('fhir-rest', 'REST-66')
  for (const path of ['/Procedure/one/_history', '/Procedure/_history', '/_history']) {
    const strict = await pat(`${path}?_sinse=2020`)
    t.equal(strict.status, 400)
    t.match(strict.text, /_sinse.*_since/)
    const lenient = await pat(`${path}?_sinse=2020&_count=500&code=x`, { headers: { prefer: 'handling=lenient' } })
    t.equal(lenient.status, 200)
    t.equal(linkOf(lenient, 'self'), `${s.baseUrl}/fhir${path}?_count=500`, 'the self link says what was used')
    const wrong = await pat(`${path}?_since=then`, { headers: { prefer: 'handling=lenient' } })
    t.equal(wrong.status, 400, 'a value that is known to be wrong is refused all the same')
    t.equal((await pat(`${path}?_since=`)).status, 400)
    t.match((await pat(`${path}?_since=2020&_since=2021`)).status, 400, 'once is enough')
  }
})
