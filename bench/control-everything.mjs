// The bare ceiling of all that there is of a patient, up to 100: one range of one index, the texts joined.
// node control-everything.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

app.get('/fhir/Observation', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'everything',
    text: 'select id, content from observation where patient = $1 order by date_lo desc, id limit 101',
    values: [request.query.patient],
    rowMode: 'array',
  })
  const entries = rows
    .slice(0, 100)
    .map(([id, content]) => `{"fullUrl":"/fhir/Observation/${id}","resource":${content}}`)
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
