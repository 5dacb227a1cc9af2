// The bare ceiling of a read by id: no token, no scope, no compartment, no audit. node control-read.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

app.get('/fhir/Observation/:id', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'read',
    text: 'select content from observation where id = $1',
    values: [request.params.id],
    rowMode: 'array',
  })
  if (rows.length === 0) return reply.code(404).send()
  return reply.type('application/fhir+json; charset=utf-8').send(rows[0][0])
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
