import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, namesOf } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))

const identified = (value: string): Json => ({
  resourceType: 'Observation',
  identifier: [{ system: 'http://x', value }],
  status: 'final',
  code: { text: 'x' },
})

const slot = (number: number, schedule: string): Json => ({
  resourceType: 'Slot',
  id: `slot-${schedule}-${number}`,
  schedule: { reference: `Schedule/${schedule}` },
  status: 'free',
  start: `2026-12-0${number}T09:00:00Z`,
  end: `2026-12-0${number}T09:30:00Z`,
})

const create = (resource: Json) => engine(`/${resource.resourceType}`, { method: 'POST', body: resource })
const put = (resource: Json) => engine(`/${resource.resourceType}/${resource.id}`, { method: 'PUT', body: resource })
const remove = (path: string, headers: Record<string, string> = {}) => engine(path, { method: 'DELETE', headers })

t.test('a conditional delete deletes the one that matches', async t => {
  verifies('fhir-rest', 'REST-36')
  const made = await create(identified('one'))
  const path = `/Observation/${made.json.id}`
  const reply = await remove('/Observation?identifier=http://x|one')
  t.equal(reply.status, 204, reply.text)
  t.equal((await engine(path)).status, 410)
  t.equal((await remove('/Observation?identifier=http://x|one')).status, 204, 'nothing matches any more')
})

t.test('of several that match none is deleted', async t => {
  verifies('fhir-rest', 'REST-36')
  for (let index = 0; index < 2; index++) await create(identified('several'))
  const reply = await remove('/Observation?identifier=http://x|several')
  t.equal(reply.status, 412)
  t.match(reply.json, { issue: [{ code: 'multiple-matches', details: { coding: [{ code: 'TOO_MANY_MATCHES' }] } }] })
  t.equal(namesOf(await engine('/Observation?identifier=http://x|several')).length, 2)
})

t.test('where the declaration says so, all that match are deleted', async t => {
  verifies('fhir-rest', 'REST-36')
  for (const number of [1, 2, 3]) await put(slot(number, 'clinic'))
  await put(slot(1, 'other'))
  const reply = await remove('/Slot?schedule=Schedule/clinic&start=ge2026-12-02')
  t.equal(reply.status, 204, reply.text)
  t.same(namesOf(await engine('/Slot')).sort(), ['Slot/slot-clinic-1', 'Slot/slot-other-1'])
  for (const number of [2, 3]) t.equal((await engine(`/Slot/slot-clinic-${number}`)).status, 410)
  t.equal((await engine('/Slot/slot-clinic-2/_history')).json.resourceType, 'Bundle')
})

t.test('a delete without a condition, or with one that is not understood, deletes nothing', async t => {
  const before = namesOf(await engine('/Slot'))
  for (const query of ['', '?', '?nonsense=1', '?_count=1', '?start=tomorrow'])
    t.equal((await remove(`/Slot${query}`)).status, 400, query)
  t.same(namesOf(await engine('/Slot')), before)
})

t.test('If-Match holds for deletes, too', async t => {
  const { json, headers } = await create(identified('guarded'))
  const path = `/Observation/${json.id}`
  t.equal((await remove(path, { 'if-match': 'W/"7"' })).status, 412)
  t.equal((await remove('/Observation?identifier=http://x|guarded', { 'if-match': 'W/"7"' })).status, 412)
  t.equal((await remove(path, { 'if-match': headers.etag ?? '' })).status, 204)
})

t.test('entries of batches and transactions delete by condition', async t => {
  for (const type of ['batch', 'transaction']) {
    const { json } = await create(identified(type))
    for (const number of [1, 2]) await put(slot(number, type))
    const entry = [`Observation?identifier=http://x|${type}`, `Slot?schedule=Schedule/${type}`].map(url => ({
      request: { method: 'DELETE', url },
    }))
    const reply = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry } })
    t.match(reply.json.entry, [{ response: { status: /^204/ } }, { response: { status: /^204/ } }], reply.text)
    t.equal((await engine(`/Observation/${json.id}`)).status, 410)
    t.same(namesOf(await engine(`/Slot?schedule=Schedule/${type}`)), [])
  }
})

t.test('a condition is a search: it needs the letters d and s', async t => {
  await create(identified('kept'))
  const as = async (token: string) =>
    (await client(s, token)('/Observation?identifier=http://x|kept', { method: 'DELETE' })).status
  t.equal(await as(await engineToken(s, 'system/Observation.crud')), 403)
  t.equal(await as(await engineToken(s, 'system/Observation.crus')), 403)
  t.equal(await as(await patientToken(s, 'alice', 'patient/*.cruds')), 403)
  t.equal(await as(await engineToken(s, 'system/Observation.ds')), 204)
})

t.test('who has deleted what, by which condition, is recorded', async t => {
  await remove('/Observation?identifier=http://x|nobody')
  const { rows } = await s.pool.query<{ lines: string }>("select lines from audit_raw where lines like '%nobody%'")
  t.match(rows[0]?.lines, /"delete","Observation\?identifier=/)
})
