// A result that was corrected is read as it is now: what it said before is no patient's to take for the truth.
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { definitions } from '../src/resources/index.ts'
import { type Client, client, entriesOf, linkOf, type Reply, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
const herself = client(s, await patientToken(s, 'alice', 'user/*.rs'))

const give = (type: string, id: string, more: Json = {}): Json => ({ ...giveTo(minimal(type, id), 'alice'), ...more })
const wrong = { note: [{ text: 'the wrong value' }] }
const report = (id: string, more: Json = {}) => give('DiagnosticReport', id, { status: 'final', ...more })
const value = (id: string, more: Json = {}) => give('Observation', id, { status: 'final', ...more })

await store(engine, [give('Patient', 'alice')])

type Entry = { request: { method: string; url: string }; response: { etag: string } }
const versionsOf = (reply: Reply): string[] =>
  (entriesOf(reply) as unknown as Entry[]).map(
    ({ request, response }) => `${request.method} ${request.url} ${response.etag}`,
  )

/** All pages of a history, with one version to a page. */
async function walked(ask: Client, path: string): Promise<string[]> {
  const found: string[] = []
  for (let next: string | undefined = `${path}?_count=1`; next; ) {
    const reply: Reply = await ask(next)
    found.push(...versionsOf(reply))
    next = linkOf(reply, 'next')
  }
  return found
}

const CORRECTED = [
  report('report', { conclusion: 'the wrong value' }),
  value('value', wrong),
  report('report', { status: 'corrected', conclusion: 'the right one' }),
  value('value', { status: 'corrected' }),
]

t.test('the version of a result that was corrected is not there for the patient', async t => {
  verifies('fhir-rest', 'REST-108')
  for (const resource of CORRECTED) await store(engine, [resource])
  for (const name of ['DiagnosticReport/report', 'Observation/value'])
    for (const app of [alice, herself]) {
      const old = await app(`/${name}/_history/1`)
      const none = await app(`/${name}/_history/7`)
      t.equal(old.status, 404, name)
      t.equal(old.text.replaceAll('_history/1', '_history/7'), none.text, 'as one that never was')
      t.match((await app(`/${name}/_history/2`)).json, { status: 'corrected' })
      t.equal((await app(`/${name}`)).status, 200)
    }
  t.equal((await engine('/DiagnosticReport/report/_history/1')).status, 200, 'the engine sees it')
})

t.test('a history has what holds of a result, in its entries, totals and pages', async t => {
  verifies('fhir-rest', 'REST-108')
  for (const resource of CORRECTED) await store(engine, [resource])
  for (const name of ['DiagnosticReport/report', 'Observation/value']) {
    const [type = ''] = name.split('/')
    for (const app of [alice, herself]) {
      const whole = await app(`/${name}/_history`)
      t.equal(versionsOf(whole).length, 1, name)
      t.equal(whole.json.total, 1)
      t.equal((await app(`/${name}/_history?_count=0`)).json.total, 1)
      t.equal((await walked(app, `/${name}/_history`)).length, 1, 'page by page')
      t.equal((await app(`/${type}/_history?_total=accurate&_count=0`)).json.total, 1)
      for (const path of [`/${type}/_history`, '/_history']) {
        const of = (await walked(app, path)).filter(each => each.includes(name))
        t.same(of, versionsOf(whole), path)
      }
    }
    t.ok((await walked(engine, `/${name}/_history`)).length > 1, 'the engine sees all')
  }
})

t.test('_since and _at do not lead to what a result said before', async t => {
  verifies('fhir-rest', 'REST-108')
  await store(engine, [value('timed', wrong)])
  const { meta } = (await engine('/Observation/timed')).json as { meta: { lastUpdated: string } }
  await store(engine, [value('timed', { status: 'corrected' })])
  const asked = ['_since', '_at'].map(name => `${name}=${meta.lastUpdated}`)
  for (const path of ['/Observation/timed/_history', '/Observation/_history', '/_history'])
    for (const query of asked) {
      const { text } = await alice(`${path}?${query}&_count=1000`)
      t.notMatch(text, 'the wrong value', `${path}?${query}`)
      t.match((await engine(`${path}?${query}&_count=1000`)).text, 'the wrong value', 'the engine')
    }
})

t.test('a result that was deleted says so, and nothing of what it was', async t => {
  await store(engine, [value('deleted', wrong)])
  await engine('/Observation/deleted', { method: 'DELETE' })
  t.equal((await alice('/Observation/deleted')).status, 410)
  t.same(versionsOf(await alice('/Observation/deleted/_history')), ['DELETE Observation/deleted W/"2"'])
  t.equal((await alice('/Observation/deleted/_history/1')).status, 404)
  t.equal((await alice('/Observation/deleted/_history/2')).status, 410)
  await store(engine, [value('deleted')])
  t.same(versionsOf(await alice('/Observation/deleted/_history')), ['PUT Observation/deleted W/"3"'])
  t.equal((await alice('/Observation/deleted/_history/2')).status, 404, 'that it was deleted is of the past')
})

t.test('the file of a report that was replaced is not there for the patient, and that of a letter is', async t => {
  verifies('fhir-rest', 'REST-108')
  const file = (id: string, data: string) => ({ resourceType: 'Binary', id, contentType: 'application/pdf', data })
  const attached = (id: string) => ({ attachment: { url: `Binary/${id}` } })
  for (const data of ['b2xk', 'bmV3'])
    await store(engine, [file('of-report', data), file('of-letter', data), file('of-both', data)])
  await store(engine, [
    report('with-file', { presentedForm: ['of-report', 'of-both'].map(id => attached(id).attachment) }),
    give('DocumentReference', 'letter', { content: [attached('of-letter'), attached('of-both')] }),
  ])
  const ways = async (id: string) => {
    const paths = ['', '/_history/1', '/_history/2']
    const replies = await Promise.all(paths.map(path => alice(`/Binary/${id}${path}`)))
    return [...replies.map(({ status }) => status), versionsOf(await alice(`/Binary/${id}/_history`)).length]
  }
  t.same(await ways('of-report'), [200, 404, 200, 1])
  t.same(await ways('of-both'), [200, 404, 200, 1], 'a letter does not bring it back')
  t.same(await ways('of-letter'), [200, 200, 200, 2])
  t.notMatch((await alice('/_history?_count=1000')).text, '"id":"of-report","meta":{"versionId":"1"')
  t.equal((await engine('/Binary/of-report/_history/1')).status, 200)
})

t.test('what is no result keeps its past for the patient', async t => {
  const types = [...definitions.values()].filter(
    each => Array.isArray(each.compartment) && each.may.patient?.includes('vread') && !each.follows,
  )
  const results = new Set(['DiagnosticReport', 'Observation'])
  for (const { type } of types) {
    const status = results.has(type) ? { status: 'final' } : {}
    for (const language of ['en', 'fr']) await store(engine, [give(type, 'changed', { ...status, language })])
    if ((await alice(`/${type}/changed`)).status !== 200) continue
    t.equal((await alice(`/${type}/changed/_history/1`)).status, results.has(type) ? 404 : 200, type)
  }
})
