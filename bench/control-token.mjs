// The bare ceiling of a token endpoint: read the form, look one row up by its key, store one, sign one access token by ES256.
// Nothing is checked. node control-token.mjs <database> <port>
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import formbody from '@fastify/formbody'
import fastify from 'fastify'
import { SignJWT } from 'jose'
import pg from 'pg'

const [, , connectionString, port] = process.argv
const pool = new pg.Pool({ connectionString, max: 8, application_name: 'control' })
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const app = fastify()
await app.register(formbody)

const insert = `insert into control_payload (model, id_hash, payload, expires_at)
  values ('AccessToken', $1, $2, now() + interval '15 minutes')`
const hash = text => createHash('sha256').update(text).digest()

app.post('/oauth2/token', async (request, reply) => {
  const { code, refresh_token, client_id = 'demo-engine' } = request.body
  const values = [hash(code ?? refresh_token ?? client_id)]
  await pool.query({ name: 'find', text: 'select payload from oidc_payload where id_hash = $1', values })
  const jti = randomUUID()
  const payload = { sub: 'alice', client_id, scope: 'patient/*.rs', patient: 'alice' }
  await pool.query({ name: 'insert', text: insert, values: [hash(jti), payload] })
  const access_token = await new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setJti(jti)
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(privateKey)
  return reply.header('cache-control', 'no-store').send({ access_token, token_type: 'Bearer', expires_in: 900 })
})

await app.listen({ host: '127.0.0.1', port: Number(port) })
