// The bare ceiling of a transaction Bundle: parse, give ids, put them in place of the urn: references, one insert into a
// table of the same shape with the same indexes, commit. Nothing is checked. node control-transaction.mjs <database> <port>
import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify({ bodyLimit: 50 * 1024 * 1024 })
app.addContentTypeParser('application/fhir+json', { parseAs: 'string' }, (_request, body, done) => done(null, body))

const text = `insert into control_observation (id, patient, ver, upd, method, keys, refs, content, date_lo, code_cc, category_cc)
  select id, patient, 1, $4::timestamptz, 'POST', keys::bigint[], '{}', content, date, 1, 2
  from unnest($1::text[], $2::text[], $3::text[], $5::timestamptz[], $6::text[]) as u(id, patient, content, date, keys)`
// As many index keys as ours have on average: half of them like those of other rows, half of them of this row alone.
const keysOf = row => `{1,2,3,4,${[1, 2, 3, 4].map(n => BigInt(`0x${row.id.slice(24 + n)}`) * 7n).join(',')}}`

app.post('/fhir', async (request, reply) => {
  const entries = JSON.parse(request.body).entry
  const ids = new Map(entries.map(({ fullUrl }) => [fullUrl, randomUUID()]))
  const upd = new Date().toISOString()
  const rows = entries.map(({ fullUrl, resource }) => {
    const id = ids.get(fullUrl)
    const json = JSON.stringify({ ...resource, id, meta: { versionId: '1', lastUpdated: upd } })
    const content = json.replace(/urn:uuid:[0-9a-f-]{36}/g, urn => `${resource.resourceType}/${ids.get(urn)}`)
    const date = resource.effectiveDateTime ?? resource.authoredOn
    return { id, patient: resource.subject.reference.slice(8), content, date }
  })
  const column = pick => rows.map(pick)
  const values = [
    column(r => r.id),
    column(r => r.patient),
    column(r => r.content),
    upd,
    column(r => r.date),
    column(keysOf),
  ]
  await pool.query({ name: 'insert', text, values })
  const answers = rows.map(
    ({ id }) => `{"response":{"status":"201 Created","location":"Observation/${id}/_history/1"}}`,
  )
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"transaction-response","entry":[${answers.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
