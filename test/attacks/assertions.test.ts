import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import t from 'tap'
import { saveClient } from '../../src/store/clients.ts'
import {
  assertion,
  authorizationServer,
  BASE,
  backend,
  eight,
  restarted,
  succeeded,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// A client that has a key signs a short letter each time it asks for a token: RFC 7523, and SMART 2.2 "Asymmetric
// authentication". Whoever can make one up, use one again, or have another key believed is that client.

t.test('a client assertion', async t => {
  const server = await authorizationServer(t)

  t.test('is good once, of eight requests at the same time', async t => {
    const jwt = await assertion(server)
    const answers = await eight(() => backend(server, jwt))
    t.equal(succeeded(answers), 1)
    for (const { status, body } of answers) {
      if (status !== 200) t.match({ status, body }, { status: 401, body: { error: 'invalid_client' } })
    }
    t.match(await backend(server, jwt), { status: 401, body: { error: 'invalid_client' } })
  })

  t.test('is good once, also after a restart and at another process', async t => {
    verifies('smart-2.2', 'SAL-336')
    const after = await restarted(t, server)
    const jwt = await assertion(server)
    t.equal((await backend(server, jwt)).status, 200)
    t.match(await backend(after, jwt), { status: 401, body: { error: 'invalid_client' } })
    const same = await assertion(server, { claims: { jti: 'the-same' } })
    t.equal((await backend(after, same)).status, 200)
    const resigned = await assertion(server, { claims: { jti: 'the-same', exp: Math.floor(Date.now() / 1000) + 200 } })
    t.equal((await backend(server, resigned)).status, 401, 'a jti is used up, whatever else is in the letter')
    const together = await assertion(server)
    const answers = await Promise.all([server, after, server, after].map(each => backend(each, together)))
    t.equal(succeeded(answers), 1)
  })

  t.test('is refused unless it is what SMART asks for', async t => {
    verifies('smart-2.2', 'SAL-310', 'SAL-325', 'SAL-331', 'SAL-335', 'SAL-337', 'SAL-338', 'SAL-340', 'SAL-249')
    const now = Math.floor(Date.now() / 1000)
    const { privateKey: other, publicKey: otherPublic } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const payload = { iss: 'demo-engine', sub: 'demo-engine', aud: `${BASE}/oauth2/token`, jti: 'x', exp: now + 60 }
    const publicBytes = Buffer.from(JSON.stringify({ ...server.engineKey, d: undefined }))
    const cases: [string, string][] = [
      ['expired', await assertion(server, { claims: { exp: now - 60 } })],
      ['no exp', await assertion(server, { without: ['exp'] })],
      ['longer than five minutes', await assertion(server, { claims: { exp: now + 3600 } })],
      ['no jti', await assertion(server, { without: ['jti'] })],
      ['another aud', await assertion(server, { claims: { aud: 'https://evil.example/oauth2/token' } })],
      ['no aud', await assertion(server, { without: ['aud'] })],
      ['another issuer', await assertion(server, { claims: { iss: 'demo-app' } })],
      ['another subject', await assertion(server, { claims: { sub: 'demo-app' } })],
      ['an unknown client', await assertion(server, { claims: { iss: 'nobody', sub: 'nobody' } })],
      ['another key', await assertion(server, { key: other })],
      ['no kid', await assertion(server, { header: { kid: undefined } })],
      ['another kid', await assertion(server, { header: { kid: 'other' } })],
      ['no typ', await assertion(server, { header: { typ: undefined } })],
      ['a jku of its own', await assertion(server, { header: { jku: 'https://evil.example/jwks.json' } })],
      [
        'a key of its own in the header',
        await assertion(server, { key: other, header: { jwk: await exportJWK(otherPublic) } }),
      ],
      ['a certificate in the header', await assertion(server, { key: other, header: { x5c: ['MIIB'] } })],
      [
        'an address of keys in the header',
        await assertion(server, { key: other, header: { x5u: 'https://evil.example/' } }),
      ],
      ['not valid yet', await assertion(server, { claims: { nbf: now + 120 } })],
      ['made tomorrow', await assertion(server, { claims: { iat: now + 86_400, exp: now + 86_460 } })],
      ['an exp that is a text', await assertion(server, { claims: { exp: `${now + 60}` as unknown as number } })],
      ['an aud that only begins right', await assertion(server, { claims: { aud: `${BASE}/oauth2/token/x` } })],
      ['the FHIR server as aud', await assertion(server, { claims: { aud: `${BASE}/fhir` } })],
      ['a list of others as aud', await assertion(server, { claims: { aud: ['https://evil.example', 'x'] } })],
      ['issuer and subject exchanged', await assertion(server, { claims: { iss: 'demo-confidential' } })],
      ['several subjects', await assertion(server, { claims: { sub: ['demo-engine'] as unknown as string } })],
      ['the type of an access token', await assertion(server, { header: { typ: 'at+jwt' } })],
      [
        'changed after it was signed',
        (await assertion(server)).replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify({ ...payload, jti: 'y' })).toString('base64url')}.`,
        ),
      ],
      ['without its signature', (await assertion(server)).replace(/[^.]+$/, '')],
      ['alg none', new UnsecuredJWT(payload).encode()],
      [
        'alg none by another name',
        new UnsecuredJWT(payload)
          .encode()
          .replace(/^[^.]+/, Buffer.from('{"alg":"nOnE","kid":"demo-engine","typ":"JWT"}').toString('base64url')),
      ],
      [
        'HS256 with the public key',
        await new SignJWT(payload)
          .setProtectedHeader({ alg: 'HS256', kid: 'demo-engine', typ: 'JWT' })
          .sign(createSecretKey(publicBytes)),
      ],
    ]
    for (const [title, jwt] of cases) {
      const { status, body } = await backend(server, jwt)
      t.ok(status === 400 || status === 401, title)
      t.notOk(body.access_token, title)
    }
    const { status } = await backend(server, await assertion(server))
    t.equal(status, 200, 'the good one')
  })

  t.test('may be RS384, with its keys behind a registered address', async t => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rsa = await exportJWK(publicKey)
    const keys = [
      { ...rsa, kid: 'rsa', alg: 'RS384', use: 'sig' },
      { ...rsa, kid: 'any' },
    ]
    const jwks = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys }))
    })
    await new Promise<void>(done => jwks.listen(0, '127.0.0.1', done))
    t.teardown(() => jwks.close())
    const origin = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}`
    const client = (clientId: string) => ({
      clientId,
      name: 'Another engine',
      kind: 'backend' as const,
      metadata: { jwks_uri: `${origin}/jwks.json` },
      scopes: 'system/*.rs',
      secret: undefined,
    })
    const trusting = await authorizationServer(t, { internalOrigins: [origin] })
    await saveClient(trusting.pool, client('inside'))
    const good = (jku?: string) =>
      assertion(server, {
        claims: { iss: 'inside', sub: 'inside' },
        header: { alg: 'RS384', kid: 'rsa', ...(jku ? { jku } : {}) },
        key: privateKey,
      })
    t.match(await backend(trusting, await good()), { status: 200, body: { scope: 'system/*.rs' } })
    t.match(await backend(trusting, await good(`${origin}/jwks.json`)), { status: 200 })
    t.match(await backend(trusting, await good(`${origin}/other.json`)), { status: 401 })
    for (const alg of ['RS256', 'PS384', 'RS512']) {
      const weaker = { claims: { iss: 'inside', sub: 'inside' }, header: { alg, kid: 'any' }, key: privateKey }
      t.match(await backend(trusting, await assertion(server, weaker)), { status: 401 }, alg)
    }
    const noKid = {
      claims: { iss: 'inside', sub: 'inside' },
      header: { alg: 'RS384', kid: undefined },
      key: privateKey,
    }
    t.match(await backend(trusting, await assertion(server, noKid)), { status: 401 }, 'no kid, though there is one key')
    await saveClient(server.pool, client('inside'))
    t.match(await backend(server, await good()), { status: 401 }, 'an inside address nobody approved is not fetched')
  })

  t.test('is refused when its kid does not name exactly one registered key', async t => {
    const { d: _private, ...known } = server.engineKey
    const other = await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)
    const keys = [known, { ...other, kid: 'demo-engine', alg: 'ES384', use: 'sig' }]
    const client = {
      clientId: 'twice',
      name: 'Twice',
      kind: 'backend' as const,
      scopes: 'system/*.rs',
      secret: undefined,
    }
    const ask = async () => backend(server, await assertion(server, { claims: { iss: 'twice', sub: 'twice' } }))
    await saveClient(server.pool, { ...client, metadata: { jwks: { keys: [known] } } })
    t.match(await ask(), { status: 200 })
    await saveClient(server.pool, { ...client, metadata: { jwks: { keys } } })
    t.match(await ask(), { status: 401 })
    const { kid: _kid, ...nameless } = known
    await saveClient(server.pool, { ...client, metadata: { jwks: { keys: [nameless] } } })
    const claims = { iss: 'twice', sub: 'twice' }
    t.match(await backend(server, await assertion(server, { claims, header: { kid: undefined } })), { status: 401 })
  })

  t.test('of any length is refused before it costs anything, when it is too long', async t => {
    const long = await assertion(server, { claims: { more: 'x'.repeat(60_000) } })
    t.match(await backend(server, long), { status: 413, body: { error: 'invalid_request' } })
  })

  t.test('says nothing of why it is refused that would help a forger', async t => {
    verifies('smart-2.2', 'SAL-340', 'SAL-252')
    const key = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
    const forged = await backend(server, await assertion(server, { key }))
    const unknown = await backend(server, await assertion(server, { claims: { iss: 'nobody', sub: 'nobody' } }))
    t.same(forged.body, unknown.body, 'not even whether there is such a client')
    t.match(forged.body, { error: 'invalid_client', error_description: /./ })
  })

  t.test('gets the scopes that the client may have, and an error when none is left', async t => {
    const ask = async (scope: string) => backend(server, await assertion(server), scope)
    t.match(await ask('system/Patient.read system/*.rs'), { body: { scope: 'system/Patient.read system/*.rs' } })
    for (const scope of ['patient/*.rs', 'openid', 'system/Nonsense.rs', '']) {
      t.match(await ask(scope), { status: 400, body: { error: 'invalid_scope' } }, scope)
    }
  })

  t.test('is what a client that is registered for it has to show', async t => {
    const form = { grant_type: 'client_credentials', scope: 'system/*.rs' }
    t.not((await token(server, { ...form, client_id: 'demo-engine' })).status, 200)
    t.not((await token(server, { ...form, client_id: 'demo-app' })).status, 200)
    const key = await importJWK(server.engineKey, 'ES384')
    t.equal((await backend(server, await assertion(server, { key: key }))).status, 200)
  })
})
