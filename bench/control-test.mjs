// The bare ceiling of a patient's results of one test since 2020: one range of one index, their texts joined.
// node control-test.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()
const setOf = async doc => (await pool.query('select cc from token_set where doc = $1', [doc])).rows[0].cc
const category = await setOf('http://terminology.hl7.org/CodeSystem/observation-category|laboratory')
const code = await setOf('http://loinc.org|718-7')

app.get('/fhir/Observation', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'test',
    text: `select id, content from observation
           where patient = $1 and category_cc = $2 and code_cc = $3 and date_hi > '2020-01-01'
           order by date_lo desc, id limit 21`,
    values: [request.query.patient, category, code],
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
