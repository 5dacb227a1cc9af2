import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import t from 'tap'
import { accessTokenClaims } from '../../src/smart/access-token.ts'
import { loadKeys } from '../../src/smart/keys.ts'
import { database } from '../support/database.ts'
import { verifies } from '../support/verifies.ts'

const config = { baseUrl: 'https://portico.example', secret: 'a secret that is long enough to be one' }
const GOOD = { iss: `${config.baseUrl}/oauth2`, aud: `${config.baseUrl}/fhir`, typ: 'at+jwt', seconds: 60 }

t.test('an access token is one that we have signed, as such, for here, and that has not ended', async t => {
  verifies('smart-2.2', 'SAL-271')
  const { pool } = await database(t)
  const keys = await loadKeys(pool, config.secret)
  const own = (alg: string) => keys.jwks.keys.find(each => each.alg === alg) as JWK & { kid: string }
  const claimsOf = ({ iss, aud, seconds }: typeof GOOD) => {
    const now = Math.floor(Date.now() / 1000)
    return { iss, aud, jti: 'j', iat: now, exp: now + seconds }
  }
  const sign = async (changes: Partial<typeof GOOD>, key = own('ES256'), kid = key.kid) => {
    const wanted = { ...GOOD, ...changes }
    const { alg = 'ES256' } = key
    return new SignJWT(claimsOf(wanted))
      .setProtectedHeader({ alg, kid, typ: wanted.typ })
      .sign(await importJWK(key, alg))
  }
  const read = (token: string) => accessTokenClaims(token, keys, config)

  t.match(await read(await sign({})), { jti: 'j' })
  for (const [title, changes] of [
    ['of another issuer', { iss: 'https://other.example/oauth2' }],
    ['for another audience', { aud: 'demo-app' }],
    ['of another kind', { typ: 'JWT' }],
    ['that has ended', { seconds: -60 }],
  ] as const)
    t.equal(await read(await sign(changes)), undefined, title)

  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const other = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'other' }
  t.equal(await read(await sign({}, other)), undefined, 'signed by another key')
  t.equal(await read(await sign({}, other, own('ES256').kid)), undefined, 'that calls itself ours')
  t.equal(await read(await sign({}, own('RS256'))), undefined, 'signed with the key of id_tokens')
  t.equal(await read(new UnsecuredJWT(claimsOf(GOOD)).encode()), undefined, 'signed by nobody')
})
