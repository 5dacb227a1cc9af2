import { hash, randomUUID } from 'node:crypto'
import fastify, { type FastifyRequest } from 'fastify'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { authenticator } from '../src/handlers/authenticate.ts'
import { ownTokens } from '../src/handlers/verify.ts'

const ISSUER = 'http://bench/oauth2'
const BASE = 'http://bench/fhir'
const TOKENS = 500
const TURNS = 400

/** CPU time of this process in microseconds for each of so many calls. */
async function microsEach(count: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (let index = 0; index < count; index++) await call(index)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

// As src/store/revocations.ts does where some token was taken back.
const revoked = new Set([hash('sha256', 'another', 'hex')])
const isRevoked = (jti: string): boolean => revoked.has(hash('sha256', jti, 'hex'))

/** What it costs to judge a token that is remembered, and one that was not seen before, in microseconds. */
export async function tokenCheck(): Promise<{ remembered: number; unseen: number }> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const pem = await exportSPKI(publicKey)
  const app = fastify()
  const verifier = await ownTokens({ issuer: ISSUER, audience: BASE, publicPem: () => pem })(app)
  const sign = () =>
    new SignJWT({
      client_id: 'app',
      scope: 'openid fhirUser launch/patient patient/*.rs',
      patient: 'p',
      fhirUser: 'Patient/p',
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience(BASE)
      .setSubject('p')
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey)
  const headers = (await Promise.all(Array.from({ length: TOKENS }, sign))).map(token => `Bearer ${token}`)
  const costs: { remembered: number; unseen: number }[] = []
  app.get('/', async (request: FastifyRequest) => {
    const judge = () => {
      const authenticate = authenticator(BASE, verifier, { ready: () => true, isRevoked })
      return (index: number) => {
        request.raw.headers.authorization = headers[index % TOKENS]
        return authenticate(request)
      }
    }
    const [first, second] = [judge(), judge()]
    await microsEach(TOKENS, first)
    const unseen = await microsEach(TOKENS, second)
    await microsEach(TOKENS * 40, second)
    costs.push({ unseen, remembered: await microsEach(TOKENS * TURNS, second) })
    return {}
  })
  const { statusCode } = await app.inject({ url: '/', headers: { authorization: headers[0] ?? '' } })
  await app.close()
  const [cost] = costs
  if (statusCode !== 200 || !cost) throw new Error(`The token check could not be measured: ${statusCode}`)
  return cost
}
