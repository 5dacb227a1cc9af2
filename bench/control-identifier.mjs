// The bare ceiling of a Patient by her NHS number: a table of identifiers joined to that of Patients.
// node control-identifier.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

app.get('/fhir/Patient', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'identifier',
    text: 'select p.id, p.content from control_identifier i join patient p on p.id = i.id where i.value = $1',
    values: [request.query.identifier.split('|')[1]],
    rowMode: 'array',
  })
  const entries = rows.map(([id, content]) => `{"fullUrl":"/fhir/Patient/${id}","resource":${content}}`)
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
