import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWK } from 'jose'
import t, { type Test } from 'tap'
import { fetchFrom, keptFor } from '../../src/smart/client-keys.ts'
import { saveClient } from '../../src/store/clients.ts'
import { assertion, authorizationServer, backend, eight, type Server } from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

type Pair = { kid: string; privateKey: KeyObject; jwk: JWK }

async function pair(kid: string): Promise<Pair> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES384', use: 'sig' } }
}

type Site = {
  origin: string
  /** How often it was asked. */
  asked: number
  answer(request: IncomingMessage, response: ServerResponse): void
}

/** A system of the hospital that publishes its keys. */
async function site(t: Test): Promise<Site> {
  const made: Site = { origin: '', asked: 0, answer: (_request, response) => void response.end() }
  const listening = createServer((request, response) => {
    made.asked++
    made.answer(request, response)
  })
  await new Promise<void>(done => listening.listen(0, '127.0.0.1', done))
  t.teardown(() => listening.close())
  made.origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return made
}

const publish =
  (pairs: readonly Pair[], cacheControl?: string): Site['answer'] =>
  (_request, response) => {
    if (cacheControl !== undefined) response.setHeader('cache-control', cacheControl)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) }))
  }

const register = (server: Server, jwks_uri: string, clientId = 'engine') =>
  saveClient(server.pool, {
    clientId,
    name: clientId,
    kind: 'backend',
    metadata: { jwks_uri },
    scopes: 'system/*.rs',
    secret: undefined,
  })

t.test('the keys of a client, at an address of its own', async t => {
  const keys = await site(t)
  const server = await authorizationServer(t, { internalOrigins: [keys.origin] })
  const later = (seconds: number) => {
    server.now = new Date(server.now.getTime() + seconds * 1000)
  }
  const [a, b] = [await pair('a'), await pair('b')]
  await register(server, `${keys.origin}/jwks`)
  const elsewhere = await site(t)
  elsewhere.answer = publish([a])
  const ask = async ({ kid, privateKey }: Pick<Pair, 'kid' | 'privateKey'>) => {
    const claims = { iss: 'engine', sub: 'engine' }
    const { status } = await backend(
      server,
      await assertion(server, { claims, header: { kid }, key: privateKey }),
      'system/*.rs',
    )
    return status
  }

  t.test('are fetched once, and kept as long as they say', async t => {
    verifies('smart-2.2', 'SAL-296', 'SAL-326', 'SAL-339', 'SAL-341', 'SAL-342', 'SAL-357')
    let accept: string | undefined
    keys.answer = (request, response) => {
      accept = `${request.method} ${request.headers.accept}`
      publish([a], 'max-age=300')(request, response)
    }
    t.same([await ask(a), await ask(a)], [200, 200])
    t.equal(keys.asked, 1)
    t.equal(accept, 'GET application/json')
    later(301)
    t.equal(await ask(a), 200)
    t.equal(keys.asked, 2)
  })

  t.test('are fetched again at once for a key that is new, and not for each that is made up', async t => {
    verifies('smart-2.2', 'SAL-342')
    keys.answer = publish([a, b], 'max-age=300')
    const before = keys.asked
    t.same([await ask(b), await ask(a)], [200, 200])
    t.equal(keys.asked, before + 1)
    const forged = await eight(async () => ask({ kid: crypto.randomUUID(), privateKey: b.privateKey }))
    t.same(new Set(forged), new Set([401]))
    t.equal(keys.asked, before + 1)
    later(10)
    await eight(async () => ask({ kid: crypto.randomUUID(), privateKey: b.privateKey }))
    t.equal(keys.asked, before + 2)
  })

  t.test('are not believed once they are withdrawn and the time is over', async t => {
    verifies('smart-2.2', 'SAL-341')
    keys.answer = publish([b], 'max-age=300')
    t.equal(await ask(a), 200, 'until then it may be kept')
    later(300)
    t.equal(await ask(a), 401)
    t.equal(await ask(b), 200)
  })

  t.test('are not kept where that is not allowed', async t => {
    verifies('smart-2.2', 'SAL-341')
    keys.answer = publish([a], 'no-store')
    later(300)
    const before = keys.asked
    t.same([await ask(a), await ask(a)], [200, 200])
    t.equal(keys.asked, before + 2)
    keys.answer = publish([b], 'no-store')
    t.equal(await ask(a), 401)
  })

  t.test('are not there when the address gives none, which is not asked again for a moment', async t => {
    for (const [title, answer] of [
      ['an error', (_q, response) => void response.writeHead(500).end()],
      ['no JSON', (_q, response) => void response.end('<html>')],
      ['no keys', (_q, response) => void response.end('{}')],
      ['too much', (_q, response) => void response.end(JSON.stringify({ keys: [a.jwk], more: 'x'.repeat(5_000_000) }))],
      [
        'another address inside',
        (_q, response) => void response.writeHead(302, { location: `${elsewhere.origin}/jwks` }).end(),
      ],
    ] as [string, Site['answer']][]) {
      later(400)
      const before = keys.asked
      keys.answer = answer
      t.same([await ask(a), await ask(a)], [401, 401], title)
      t.ok(keys.asked <= before + 2, title)
      keys.answer = publish([a])
      later(20)
      t.equal(await ask(a), 200, `${title}, and then the keys again`)
    }
    t.equal(elsewhere.asked, 0, 'an approved address approves no other')
  })
})

t.test('an address inside the network that nobody has approved is never asked', async t => {
  verifies('smart-2.2', 'SAL-296')
  const inside = await site(t)
  const a = await pair('a')
  inside.answer = publish([a])
  const server = await authorizationServer(t, { internalOrigins: ['http://127.0.0.1:1'] })
  const { port } = new URL(inside.origin)
  for (const [index, url] of [
    inside.origin,
    `http://localhost:${port}`,
    `http://[::ffff:127.0.0.1]:${port}`,
    `http://2130706433:${port}`,
    `http://0.0.0.0:${port}`,
    `http://user@127.0.0.1:${port}`,
    `https://127.0.0.1:${port}`,
    `https://localhost:${port}`,
  ].entries()) {
    const clientId = `client-${index}`
    await register(server, `${url}/jwks`, clientId)
    const claims = { iss: clientId, sub: clientId }
    const { status, body } = await backend(
      server,
      await assertion(server, { claims, header: { kid: 'a' }, key: a.privateKey }),
    )
    t.match({ status, body }, { status: 401, body: { error: 'invalid_client' } }, url)
    t.notMatch(JSON.stringify(body), /fetch|connect|refused|address|127/i, 'and nothing is told of the network')
  }
  t.equal(inside.asked, 0)
})

t.test('a site is asked by https only, and by nobody but who leads to no private address', async t => {
  const guarded = { dispatcher: {} } as RequestInit
  await t.rejects(fetchFrom([])('http://app.example/jwks', guarded), /neither https nor an approved address/)
  await t.rejects(fetchFrom(['http://10.0.0.1'])('http://10.0.0.1:8080/jwks', guarded), /neither https/, 'another port')
  await t.rejects(fetchFrom([])('https://app.example/jwks'), /neither https/, 'without the guard')
})

t.test('how long an answer may be kept', async t => {
  for (const [header, milliseconds] of [
    [null, 60_000],
    ['public', 60_000],
    ['max-age=5', 5000],
    ['public, MAX-AGE=0', 0],
    ['max-age=99999999', 3_600_000],
    ['no-store', 0],
    ['no-cache, max-age=60', 0],
  ] as const)
    t.equal(keptFor(header), milliseconds, String(header))
})
