// The bare ceiling of a whole record: one range of one index for each type that is in it, and the shared resources that it
// refers to, by one statement, the texts joined. node control-record.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

const OWN = {
  Observation: 'observation',
  DiagnosticReport: 'diagnostic_report',
  Appointment: 'appointment',
  DocumentReference: 'document_reference',
  Communication: 'communication',
}
const SHARED = { Organization: 'organization', Practitioner: 'practitioner', Location: 'location' }
const own = Object.entries(OWN).map(
  ([type, table]) => `select '${type}', id, content, refs from ${table} where patient = $1`,
)
const shared = Object.entries(SHARED).map(
  ([type, table]) =>
    `select '${type}', t.id, t.content from named n join ${table} t on t.id = n.id where n.type = '${type}'`,
)
const text = `with own (type, id, content, refs) as materialized (
    select 'Patient', id, content, refs from patient where id = $1 union all ${own.join(' union all ')}),
  named (type, id) as materialized (
    select split_part(split_part(ref, '>', 2), '/', 1), split_part(ref, '/', 2)
    from (select distinct ref from own, unnest(refs) ref) r group by 1, 2)
  select type, id, content from own union all ${shared.join(' union all ')}`

app.get('/fhir/Patient/:id/$everything', async (request, reply) => {
  const { rows } = await pool.query({ name: 'record', text, values: [request.params.id], rowMode: 'array' })
  const entries = rows.map(([type, id, content]) => `{"fullUrl":"/fhir/${type}/${id}","resource":${content}}`)
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
