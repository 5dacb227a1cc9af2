import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { saveInitialAccessToken } from '../../src/store/registrations.ts'
import { askBy } from '../support/asked.ts'
import {
  assertion,
  authorizationServer,
  authorizeUrl,
  BASE,
  backend,
  redeem,
  signInAs,
  submit,
  token,
} from '../support/authorization-server.ts'
import { mint, systemToken } from '../support/hospital.ts'

// What nobody sends who means well: too much, too long, or what is no text. It is refused by its sender's fault, never ours.

t.test('a request', async t => {
  const server = await authorizationServer(t)
  const portal = await systemToken(server, 'portal', '__launch')
  const post = async (path: string, body: string, type = 'application/x-www-form-urlencoded', more = {}) => {
    const response = await server.get(`${BASE}/oauth2/${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': type, ...more },
    })
    return { status: response.status, text: await response.text() }
  }

  t.test('that is too large is refused before it is used', async t => {
    const large = `x=${'y'.repeat(60_000)}`
    for (const path of ['token', 'introspect', 'revoke', 'par', 'authorize', 'session/end', 'session/end/confirm'])
      t.equal((await post(path, large)).status, 413, path)
    for (const path of ['launch', 'register'])
      t.equal((await post(path, JSON.stringify({ x: large }), 'application/json')).status, 413, path)
    const open = browser(BASE, server.get)
    const page = await open(authorizeUrl())
    t.equal((await submit(open, page, 'sign-in', [['name', large]])).status, 413)
  })

  t.test('that never ends is cut off', async t => {
    const { hostname, port } = new URL(server.address)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(
      'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    let answer = ''
    socket.setEncoding('utf8').on('data', text => {
      answer += text
    })
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`
    for (let sent = 0; sent < 40 && !answer && !socket.destroyed; sent++) {
      socket.write(chunk)
      await new Promise(resolve => setImmediate(resolve))
    }
    if (!answer) await Promise.race([once(socket, 'data'), once(socket, 'close')])
    t.match(answer, /^HTTP\/1\.1 413/)
    socket.destroy()
  })

  t.test('with a password of a million letters costs no more than another', async t => {
    const open = browser(BASE, server.get)
    const page = await open(authorizeUrl())
    t.equal((await signInAs(open, page, 'alice', 'x'.repeat(50_000))).status, 400)
  })

  t.test('with what is no text is refused, wherever it stands', async t => {
    const NUL = '\0'
    for (const changes of [
      { state: NUL },
      { nonce: `a${NUL}` },
      { scope: `patient/*.rs ${NUL}` },
      { client_id: `demo-app${NUL}` },
      { ui_locales: NUL },
      { launch: NUL },
      { login_hint: NUL },
    ]) {
      const { status, to } = await askBy(server, authorizeUrl(changes))
      t.match({ status, to }, { status: 400, to: undefined }, JSON.stringify(changes))
    }
    t.match(await redeem(server, NUL), { status: 400, body: { error: 'invalid_request' } })
    t.match(await token(server, { grant_type: 'refresh_token', refresh_token: NUL }), { status: 400 })
    t.match(await backend(server, await assertion(server, { claims: { sub: `x${NUL}`, iss: `x${NUL}` } })), {
      status: 401,
    })
    t.match(
      await backend(server, await assertion(server, { claims: { jti: NUL } })),
      { status: 200 },
      'a jti is kept as its hash',
    )
    for (const path of ['introspect', 'revoke'])
      t.equal((await post(path, 'token=%00&client_id=demo-app')).status, 400, path)
    for (const bad of [NUL, '\ud800', '\udc00x']) {
      const wanted = { client_id: 'demo-app', patient: 'alice', intent: bad }
      t.match(
        await mint(server, portal, wanted),
        { status: 400, body: { error: 'invalid_request' } },
        JSON.stringify(bad),
      )
      const initial = crypto.randomUUID()
      await saveInitialAccessToken(server.pool, initial, 'patient/*.rs', 60)
      const app = JSON.stringify({ redirect_uris: ['https://app.example/'], tos_uri: `https://app.example/${bad}` })
      const more = { authorization: `Bearer ${initial}` }
      t.equal((await post('register', app, 'application/json', more)).status, 400)
    }
    const open = browser(BASE, server.get)
    const page = await open(authorizeUrl())
    t.equal((await signInAs(open, page, `alice${NUL}`)).status, 400)
    const fine = await mint(server, portal, { client_id: 'demo-app', patient: 'alice', intent: 'Grüße 👋' })
    t.equal(fine.status, 201, 'letters of any language are fine')
  })

  t.test('in another form than the endpoint’s is refused', async t => {
    const json = JSON.stringify({ grant_type: 'client_credentials', client_id: 'demo-app' })
    t.match(await post('token', json, 'application/json'), { status: 400, text: /invalid_request/ })
    t.match(await post('token', '<x/>', 'text/xml'), { status: 400, text: /invalid_request/ })
    t.match(await post('launch', 'client_id=demo-app', undefined, { authorization: `Bearer ${portal}` }), {
      status: 415,
    })
    t.match(await post('register', 'client_name=x'), { status: 415 })
  })
})
