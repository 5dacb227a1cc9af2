import { importJWK, SignJWT } from 'jose'
import t from 'tap'
import { loadKeys } from '../../src/smart/keys.ts'
import { nameClient, swapToken, toAuthorizationQuery } from '../../src/smart/token-requests.ts'
import { authorizationServer, BASE, claimsOf, launchAndRedeem } from '../support/authorization-server.ts'
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
    'grant_type=refresh_token&refresh_token=a&refresh_token=b',
    'grant_type=refresh_token&refresh_token=a&client_id=b',
    'grant_type=authorization_code&refresh_token=a',
  ]) {
    t.equal(await nameClient(pool, body, false), body)
  }
  await t.rejects(nameClient(pool, 'grant_type=refresh_token&refresh_token=unknown', false), /invalid_grant/)
})

t.test('tokens of a launch', async t => {
  const server = await authorizationServer(t)
  const keys = await loadKeys(server.pool, server.keySecret)
  const strangers = await loadKeys((await database(t)).pool, server.keySecret)
  const config = { baseUrl: BASE, secret: '' }
  const form = (token: string) => new URLSearchParams({ token }).toString()

  t.test('are swapped for their jti when they are access tokens of ours', async t => {
    const { body } = await launchAndRedeem(server)
    const { jti, ...claims } = claimsOf(body.access_token)
    t.equal(await swapToken(form(body.access_token), keys, config), `token=${jti}`)
    t.equal(await swapToken(form(body.access_token), strangers, config), 'token=unknown', 'signed by somebody else')
    t.equal(await swapToken(form(body.id_token), keys, config), 'token=unknown')
    t.equal(await swapToken(form('opaque'), keys, config), 'token=opaque')
    t.equal(await swapToken('token=a&token=b', keys, config), 'token=a&token=b')
    const key = keys.jwks.keys.find(({ alg }) => alg === 'ES256') ?? {}
    const header = { alg: 'ES256', kid: key.kid ?? '' }
    const privateKey = await importJWK(key, 'ES256')
    const sign = (typ: string, changes = {}) =>
      new SignJWT({ ...claims, jti: 'x', ...changes }).setProtectedHeader({ ...header, typ }).sign(privateKey)
    t.equal(await swapToken(form(await sign('at+jwt')), keys, config), 'token=x')
    t.equal(await swapToken(form(await sign('JWT')), keys, config), 'token=unknown', 'another kind of token')
    t.equal(await swapToken(form(await sign('at+jwt', { aud: `${BASE}/other` })), keys, config), 'token=unknown')
    t.equal(await swapToken(form(await sign('at+jwt', { iss: BASE })), keys, config), 'token=unknown')
    t.equal(await swapToken(form(await sign('at+jwt', { exp: 1 })), keys, config), 'token=unknown')
  })

  t.test('name their client only when that is public', async t => {
    const { body } = await launchAndRedeem(server)
    const bare = `grant_type=refresh_token&refresh_token=${body.refresh_token}`
    t.match(await nameClient(server.pool, bare, false), 'client_id=demo-app')
    t.equal(await nameClient(server.pool, bare, true), bare, 'somebody else shows credentials')
    await server.pool.query("update client set kind = 'confidential' where client_id = 'demo-app'")
    t.equal(await nameClient(server.pool, bare, false), bare)
    await server.pool.query("update client set kind = 'public' where client_id = 'demo-app'")
  })

  t.test('are told of, and taken back by, nobody but their client', async t => {
    const { body } = await launchAndRedeem(server)
    const ask = async (
      path: string,
      token: string,
      headers: Record<string, string>,
      more: Record<string, string> = {},
    ) => {
      const form = new URLSearchParams({ token, ...more })
      const response = await server.get(`${BASE}/oauth2/${path}`, { method: 'POST', body: form, headers })
      return { status: response.status, text: await response.text() }
    }
    const other = { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` }
    for (const token of [body.access_token, body.refresh_token]) {
      t.match(await ask('introspect', token, other), { status: 200, text: /^{"active":false}$/ })
      await ask('revoke', token, other)
      t.match(await ask('introspect', token, {}, { client_id: 'demo-app' }), { text: /^{.*"active":true/ })
    }
    t.not((await ask('introspect', body.access_token, {})).status, 200, 'nor anybody who does not say who it is')
  })
})
