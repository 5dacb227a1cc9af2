// The bare ceiling of a patient's newest labs: one range of one index, 21 rows, their texts joined.
// node control-labs.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()
const found = await pool.query("select cc from token_set where doc like '%observation-category|laboratory'")
const category = found.rows[0].cc

app.get('/fhir/Observation', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'labs',
    text: `select id, content from observation where patient = $1 and category_cc = $2
           order by date_lo desc, id limit 21`,
    values: [request.query.patient, category],
    rowMode: 'array',
  })
  const entries = rows
    .slice(0, 20)
    .map(([id, content]) => `{"fullUrl":"/fhir/Observation/${id}","resource":${content}}`)
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
