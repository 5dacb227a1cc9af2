import t from 'tap'
import { loadKeys } from '../../src/smart/keys.ts'
import { nameClient, swapToken, toAuthorizationQuery } from '../../src/smart/token-requests.ts'
import { authorizationServer, claimsOf, launchAndRedeem } from '../support/authorization-server.ts'
import { database } from '../support/database.ts'

const parse = (query: string) => [...new URLSearchParams(query)]

t.test('an authorization request is made into what the provider understands', async t => {
  t.same(parse(toAuthorizationQuery('aud=https%3A%2F%2Fa%2Ffhir%2F&scope=x')), [
    ['scope', 'x'],
    ['resource', 'https://a/fhir'],
    ['prompt', 'consent'],
  ])
  t.same(parse(toAuthorizationQuery('aud=a&aud=b&resource=a')), [
    ['resource', 'a'],
    ['resource', 'b'],
    ['prompt', 'consent'],
  ])
  t.match(toAuthorizationQuery('prompt=login'), 'prompt=login+consent')
  t.equal(toAuthorizationQuery('prompt=none'), 'prompt=none', 'no page may be shown: nothing is added')
  t.equal(toAuthorizationQuery('prompt=consent'), 'prompt=consent')
  t.equal(toAuthorizationQuery('prompt=a&prompt=b'), 'prompt=a&prompt=b', 'a doubled parameter is left to be refused')
})

t.test('a refresh request without a client is left alone unless it is that of a public app', async t => {
  const { pool } = await database(t)
  for (const body of [
    'grant_type=refresh_token',
    'grant_type=refresh_token&refresh_token=unknown',
    'grant_type=refresh_token&refresh_token=a&refresh_token=b',
    'grant_type=refresh_token&refresh_token=a&client_id=b',
    'grant_type=authorization_code&refresh_token=a',
  ]) {
    t.equal(await nameClient(pool, body, false), body)
  }
})

t.test('a token in a request is swapped for its jti when it is one of ours', async t => {
  const server = await authorizationServer(t)
  const { body } = await launchAndRedeem(server)
  const config = { baseUrl: 'https://portico.example', secret: '' }
  const other = await database(t)
  const strangers = await loadKeys(other.pool, 'a secret that is long enough to be one')
  const form = (token: string) => new URLSearchParams({ token }).toString()
  t.equal(await swapToken(form(body.access_token), strangers, config), 'token=unknown', 'signed by somebody else')
  t.equal(await swapToken(form('opaque'), strangers, config), 'token=opaque')
  t.equal(await swapToken('token=a&token=b', strangers, config), 'token=a&token=b')
  t.type(claimsOf(body.access_token).jti, 'string')
})
