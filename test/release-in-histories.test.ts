// What a history tells a patient: what was released of a past, and nothing of what was taken back or was another's.
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { client, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'

const RELEASE = 'http://terminology.hl7.org/CodeSystem/v2-0909'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
await store(engine, [minimal('Patient', 'alice')])

const tag = (code: string) => ({ meta: { tag: [{ system: RELEASE, code }] } })
const make = (type: string, id: string, more: Json = {}): Json => ({ ...giveTo(minimal(type, id), 'alice'), ...more })
const report = (id: string, more: Json = {}) => make('DiagnosticReport', id, { status: 'final', ...more })
const observation = (id: string, more: Json = {}) => make('Observation', id, { status: 'final', ...more })

/** A letter, of which patients see earlier versions too. */
const letter = (id: string, more: Json = {}) => make('DocumentReference', id, { docStatus: 'final', ...more })
const ofSomebodyElse = (type: string, id: string): Json => giveTo(minimal(type, id), 'somebody-else')

t.test('history shows what was released of a past, and nothing of what is taken back', async t => {
  await store(engine, [letter('grows', { docStatus: 'preliminary' })])
  for (const language of ['en', 'fr']) await store(engine, [letter('grows', { language })])
  t.equal((await alice('/DocumentReference/grows/_history/1')).status, 404, 'it was preliminary')
  t.equal((await alice('/DocumentReference/grows/_history/2')).status, 200)
  t.equal((await alice('/DocumentReference/grows/_history')).json.total, 2)
  t.equal((await alice('/DocumentReference/grows/_history')).text.includes('preliminary'), false)
  await store(engine, [letter('grows', { docStatus: 'entered-in-error' })])
  for (const path of ['', '/_history', '/_history/1', '/_history/2', '/_history/4'])
    t.equal((await alice(`/DocumentReference/grows${path}`)).status, 404, path)
})

t.test('that something was deleted is told of what was released only', async t => {
  await store(engine, [report('told'), report('not-told', tag('SWTH'))])
  for (const id of ['told', 'not-told']) await engine(`/DiagnosticReport/${id}`, { method: 'DELETE' })
  t.equal((await alice('/DiagnosticReport/told')).status, 410)
  t.equal((await alice('/DiagnosticReport/not-told')).status, 404)
  t.equal((await alice('/DiagnosticReport/not-told/_history')).status, 404)
})

t.test('what was taken from a patient, or filed with the wrong one, does not come back when it is deleted', async t => {
  await store(engine, [make('Condition', 'misfiled'), observation('misfiled'), report('taken-back')])
  await store(engine, [letter('taken-back')])
  await store(engine, [
    ofSomebodyElse('Condition', 'misfiled'),
    { ...ofSomebodyElse('Observation', 'misfiled'), status: 'final' },
    report('taken-back', { status: 'entered-in-error' }),
    letter('taken-back', { docStatus: 'entered-in-error' }),
  ])
  for (const name of [
    'Condition/misfiled',
    'Observation/misfiled',
    'DiagnosticReport/taken-back',
    'DocumentReference/taken-back',
  ]) {
    const [type = '', id = ''] = name.split('/')
    await engine(`/${name}`, { method: 'DELETE' })
    for (const path of ['', '/_history', '/_history/1', '/_history/2', '/_history/3'])
      t.equal((await alice(`/${name}${path}`)).status, 404, `${name}${path}`)
    for (const path of [`/${type}/_history?_count=1000`, '/_history?_count=1000'])
      t.notOk((await alice(path)).text.includes(id), path)
    t.equal((await engine(`/${name}/_history/1`)).status, 200, 'the engine sees all of it')
  }
})

t.test('a past that is shown is that of the resource that is there now, whoever had one of its id before', async t => {
  await store(engine, [ofSomebodyElse('Condition', 'again')])
  await engine('/Condition/again', { method: 'DELETE' })
  await store(engine, [make('Condition', 'again')])
  t.equal((await alice('/Condition/again/_history/1')).status, 404)
  t.equal((await alice('/Condition/again/_history/2')).status, 404)
  t.equal((await alice('/Condition/again/_history/3')).status, 200)
  await engine('/Condition/again', { method: 'DELETE' })
  t.equal((await alice('/Condition/again')).status, 410)
  t.equal((await alice('/Condition/again/_history/3')).status, 200)
  await store(engine, [ofSomebodyElse('Condition', 'again')])
  await engine('/Condition/again', { method: 'DELETE' })
  for (const path of ['', '/_history', '/_history/3', '/_history/4', '/_history/6'])
    t.equal((await alice(`/Condition/again${path}`)).status, 404, path)
})
