// The bare ceiling of ten reports with their results: one statement that joins the results to one range of one index.
// node control-reports.mjs <database> <port>
import fastify from 'fastify'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const app = fastify()

app.get('/fhir/DiagnosticReport', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'reports',
    text: `with page as materialized (
             select id, content, refs from diagnostic_report where patient = $1 order by date_lo desc, id limit 11),
           shown as (select * from page limit 10)
           select 'DiagnosticReport', id, content from shown
           union all
           select 'Observation', o.id, o.content
           from shown, lateral (select substr(ref, 20) as id from unnest(refs) ref where ref like 'result>%') n
             join observation o on o.id = n.id`,
    values: [request.query.patient],
    rowMode: 'array',
  })
  const entries = rows.map(([type, id, content]) => `{"fullUrl":"/fhir/${type}/${id}","resource":${content}}`)
  return reply
    .type('application/fhir+json; charset=utf-8')
    .send(`{"resourceType":"Bundle","type":"searchset","entry":[${entries.join(',')}]}`)
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
