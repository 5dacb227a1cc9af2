import t from 'tap'
import { type Client, client, entriesOf, linkOf, type Reply, store } from '../support/client.ts'
import { patient, procedure } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const pat = client(s, await patientToken(s, 'pat'))

const updatedOf = async (ask: Client, path: string): Promise<string> =>
  String(((await ask(path)).json.meta as { lastUpdated?: string } | undefined)?.lastUpdated)

await store(engine, [patient('pat'), patient('other')])
await store(engine, [procedure('one', 'pat')])
const firstAt = await updatedOf(engine, '/Procedure/one')
await store(engine, [
  procedure('one', 'pat', { language: 'en' }),
  procedure('two', 'pat'),
  procedure('theirs', 'other'),
])
const secondAt = await updatedOf(engine, '/Procedure/one')
await engine('/Procedure/two', { method: 'DELETE' })

type Entry = {
  request: { method: string; url: string }
  response: { status: string; etag: string }
  resource?: unknown
}

const versions = (reply: Reply): string[] =>
  (entriesOf(reply) as unknown as Entry[]).map(
    ({ request, response }) => `${request.method} ${request.url} ${response.etag}`,
  )

async function walked(path: string, ask: Client): Promise<string[]> {
  const found: string[] = []
  for (let next: string | undefined = path; next; ) {
    const reply: Reply = await ask(next)
    t.notSame(entriesOf(reply), [], 'no page is empty')
    found.push(...versions(reply))
    next = linkOf(reply, 'next')
  }
  return found
}

const DELETED = 'DELETE Procedure/two W/"2"'
const OF_PAT = [DELETED, 'PUT Procedure/two W/"1"', 'PUT Procedure/one W/"2"', 'PUT Procedure/one W/"1"']

t.test('the history of a type has every version, newest first, and of a deletion no resource', async t => {
  verifies('fhir-rest', 'REST-38')
  const reply = await engine('/Procedure/_history')
  t.equal(reply.json.type, 'history')
  t.same(versions(reply), [DELETED, 'PUT Procedure/two W/"1"', 'PUT Procedure/theirs W/"1"', ...OF_PAT.slice(2)])
  const [deleted, stored] = entriesOf(reply) as unknown as Entry[]
  t.match(deleted?.response, { status: '204 No Content' })
  t.notOk('resource' in (deleted ?? {}))
  t.match(stored, { resource: { id: 'two' }, response: { status: '201 Created' } })
  t.same(await walked('/Procedure/_history?_count=1', engine), versions(reply), 'page by page')
})

t.test('a patient sees the versions of what is hers', async t => {
  t.same(versions(await pat('/Procedure/_history')), OF_PAT)
  t.same(await walked('/_history?_count=2', pat), [...OF_PAT, 'PUT Patient/pat W/"1"'])
  const narrow = client(s, await patientToken(s, 'pat', 'patient/Patient.s patient/Procedure.r'))
  t.same(versions(await narrow('/_history')), ['PUT Patient/pat W/"1"'], 'the scope is that of a search')
  t.equal((await narrow('/Procedure/_history')).status, 403)
  t.same(versions(await narrow('/Procedure/one/_history')).length, 2)
})

t.test('the history of the system has all types', async t => {
  verifies('fhir-rest', 'REST-38')
  const all = await walked('/_history?_count=3', engine)
  t.equal(all.length, 7)
  t.equal(new Set(all).size, 7)
  t.same(all.slice(-2).sort(), ['PUT Patient/other W/"1"', 'PUT Patient/pat W/"1"'])
})

t.test('_since leaves out what was made before, _at what was not current then', async t => {
  verifies('fhir-rest', 'REST-39')
  t.same(versions(await engine(`/Procedure/_history?_since=${secondAt}`)).length, 4)
  t.same(versions(await engine(`/Procedure/one/_history?_since=${secondAt}`)), ['PUT Procedure/one W/"2"'])
  t.same(versions(await engine('/Procedure/_history?_since=2050-01-01')), [])
  t.same(versions(await engine('/Procedure/one/_history?_since=2050-01-01')), [], 'it is there, but not so new')
  t.same(versions(await engine(`/Procedure/_history?_at=${firstAt}`)), ['PUT Procedure/one W/"1"'])
  t.same(versions(await engine('/Procedure/_history?_at=2050')), [
    'PUT Procedure/theirs W/"1"',
    'PUT Procedure/one W/"2"',
  ])
  t.same(versions(await engine('/Procedure/one/_history?_at=2050-01-01T00:00:00Z')), ['PUT Procedure/one W/"2"'])
})

t.test('page links are sealed and bound, and nothing else is understood', async t => {
  const page = await pat('/Procedure/_history?_count=1')
  const next = linkOf(page, 'next') ?? ''
  t.match(next, /_history\?_page=[\w-]+$/)
  t.equal((await engine(next)).status, 400)
  t.equal((await pat(next.replace('/Procedure/', '/Patient/'))).status, 400)
  t.equal(linkOf(await pat(next), 'first'), linkOf(page, 'self'))
  for (const query of ['_since=then', '_at=then', '_count=then', '_then=1']) {
    const { status, text } = await pat(`/Procedure/_history?${query}`)
    t.match(`${status} ${text}`, /^400 .*then/)
  }
  t.equal((await pat('/Procedure/nothing/_history')).status, 404)
  t.equal((await pat('/Procedure/theirs/_history')).status, 404)
  t.equal((await pat('/_history', { method: 'DELETE' })).status, 405)
})

t.test('_summary and _elements of a history show as much of each version as of a search, and say so', async t => {
  verifies('fhir-rest', 'REST-39', 'REST-86')
  const resources = (reply: Reply) =>
    entriesOf(reply).flatMap(({ resource }) => (resource === undefined ? [] : [resource]))
  for (const path of ['/Procedure/one/_history', '/Procedure/_history', '/_history']) {
    const reply = await pat(`${path}?_elements=Procedure.subject,id`)
    t.equal(reply.status, 200)
    t.same(versions(reply), versions(await pat(path)), 'all the versions, and the deletion')
    const seen = resources(reply)
    t.ok(seen.length > 0)
    for (const { resourceType, meta, ...rest } of seen) {
      t.match(meta, { versionId: String, tag: [{ code: 'SUBSETTED' }] })
      // The mandatory ones are always there; the language of one is not.
      if (resourceType === 'Procedure') t.same(Object.keys(rest).sort(), ['id', 'status', 'subject'])
    }
    const searched = await pat('/Procedure?_id=one&_summary=text')
    const [newest] = resources(await pat(`${path}?_summary=text`)).filter(({ id }) => id === 'one')
    t.same(newest, resources(searched)[0], 'the same as a search shows')
    const counted = await pat(`${path}?_summary=count`)
    t.equal(counted.json.total, versions(await pat(path)).length)
    t.notOk('entry' in counted.json)
    t.same(await pat(`${path}?_summary=false`).then(versions), versions(await pat(path)))
    for (const wrong of ['_summary=maybe', '_elements=nonsense', '_summary=true&_elements=id'])
      t.equal((await pat(`${path}?${wrong}`)).status, 400, wrong)
    const first = await pat(`${path}?_elements=id&_count=1`)
    const second = resources(await pat(linkOf(first, 'next') ?? ''))
    t.match(second, [{ meta: { tag: [{ code: 'SUBSETTED' }] } }], 'the next page too')
  }
})

t.test('histories and compartments can be asked for in a batch', async t => {
  const urls = ['Procedure/_history', 'Procedure/one/_history', 'Patient/pat/Procedure', 'Patient/pat/*?_type=Patient']
  const entry = urls.map(url => ({ request: { method: 'GET', url } }))
  const reply = await pat('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'batch', entry } })
  const answers = (reply.json.entry as { resource: { type: string; entry: unknown[] } }[]).map(
    ({ resource }) => resource,
  )
  t.same(
    answers.map(({ type, entry: found }) => `${type} ${found.length}`),
    ['history 4', 'history 2', 'searchset 1', 'searchset 1'],
  )
  for (const url of ['Procedure/_history/1', 'Practitioner/dr/Procedure', 'Patient/pat/Procedure/_history']) {
    const body = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url } }] }
    const answer = await pat('/', { method: 'POST', body })
    t.match(answer.text, /"status":"404/, url)
  }
})
