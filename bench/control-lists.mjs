// The bare ceiling of a patient's lists of appointments, letters and messages: one range of one index each, 11 rows, their
// texts joined. node control-lists.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

const newest = table => `select id, content from ${table} where patient = $1 order by date_lo desc, id limit 11`
const LISTS = {
  Appointment: `select id, content from appointment where patient = $1 and date_hi > '2020-01-01'
    order by date_lo, id desc limit 11`,
  DocumentReference: newest('document_reference'),
  Communication: newest('communication'),
}

for (const [type, text] of Object.entries(LISTS))
  app.get(`/fhir/${type}`, async (request, reply) => {
    const { rows } = await pool.query({ name: type, text, values: [request.query.patient], rowMode: 'array' })
    const entries = rows.slice(0, 10).map(([id, content]) => `{"fullUrl":"/fhir/${type}/${id}","resource":${content}}`)
    return reply
      .type('application/fhir+json; charset=utf-8')
      .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
  })

await app.listen({ host: '127.0.0.1', port: Number(port) })
