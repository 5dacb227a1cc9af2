// The bare ceiling of a feed: what was changed behind a time and an id, one range of one index, 201 rows, their texts
// joined. It passes over what commits late. node control-feed.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

app.get('/fhir/Observation', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'feed',
    text: `select id, content from observation where (upd, id) > ($1::timestamptz, $2) order by upd, id limit 201`,
    values: [request.query.at, request.query.id],
    rowMode: 'array',
  })
  const entries = rows
    .slice(0, 200)
    .map(([id, content]) => `{"fullUrl":"/fhir/Observation/${id}","resource":${content}}`)
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
