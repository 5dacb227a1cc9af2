import t from 'tap'
import { askBy } from '../support/asked.ts'
import {
  assertion,
  authorizationServer,
  authorizeUrl,
  BASE,
  launch,
  REDIRECT,
  VERIFIER,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// A parameter that stands twice is read one way by whoever checks it and another way by whoever uses it. RFC 6749 section 3.1:
// it must not be there more than once.

t.test('a parameter that stands twice', async t => {
  const server = await authorizationServer(t)
  const post = async (path: string, form: [string, string][], headers = {}) => {
    const response = await server.get(`${BASE}/oauth2/${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers,
    })
    return { status: response.status, text: await response.text() }
  }

  t.test('in an authorization request is refused, equal or not', async t => {
    verifies('smart-2.2', 'SAL-48')
    const good = authorizeUrl()
    for (const [name, value] of new URL(good).searchParams) {
      if (name === 'aud') continue
      for (const other of [value, `${value}x`, '']) {
        const { isGood, to } = await askBy(server, `${good}&${new URLSearchParams([[name, other]])}`)
        // What stands twice is not believed, so neither is an address to redirect to.
        t.notOk(isGood && other !== '', `${name}=${other}`)
        t.notOk(to?.searchParams.get('code'))
      }
    }
    for (const name of ['launch', 'nonce', 'prompt', 'max_age', 'id_token_hint', 'request_uri', 'response_mode'])
      t.notOk((await askBy(server, `${good}&${name}=a&${name}=b`)).isGood, name)
  })

  t.test('is refused for aud, unless it is the same server twice', async t => {
    verifies('smart-2.2', 'SAL-42', 'SAL-43')
    const good = authorizeUrl()
    const twice = async (more: string) => askBy(server, `${good}&${more}`)
    t.ok((await twice(`aud=${encodeURIComponent(`${BASE}/fhir/`)}`)).isGood)
    t.ok((await twice(`resource=${encodeURIComponent(`${BASE}/fhir`)}`)).isGood)
    for (const other of ['https://evil.example/fhir', `${BASE}/fhir/Patient`, 'x']) {
      for (const name of ['aud', 'resource'])
        t.equal((await twice(`${name}=${encodeURIComponent(other)}`)).error, 'invalid_target', `${name}=${other}`)
    }
  })

  t.test('in an exchange is refused, equal or not', async t => {
    verifies('smart-2.2', 'SAL-251')
    const { answer } = await launch(server)
    const form: [string, string][] = [
      ['grant_type', 'authorization_code'],
      ['client_id', 'demo-app'],
      ['redirect_uri', REDIRECT],
      ['code', answer.searchParams.get('code') ?? ''],
      ['code_verifier', VERIFIER],
    ]
    for (const [name, value] of form) {
      for (const other of [value, `${value}x`]) {
        for (const doubled of [
          [...form, [name, other]],
          [[name, other], ...form],
        ] as [string, string][][]) {
          const { status, text } = await post('token', doubled)
          t.equal(status, 400, `${name}=${other}`)
          t.notMatch(text, 'access_token')
        }
      }
    }
    t.equal((await post('token', form)).status, 200, 'none of this used the code up')
  })

  t.test('is refused when a client shows who it is, and so are two ways to show it', async t => {
    verifies('smart-2.2', 'SAL-249')
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const form = async (): Promise<[string, string][]> => [
      ['grant_type', 'client_credentials'],
      ['scope', 'system/*.rs'],
      ['client_assertion_type', type],
      ['client_assertion', await assertion(server)],
    ]
    const one = await form()
    for (const [name, value] of one) {
      const { status, text } = await post('token', [...one, [name, value]])
      t.ok(status === 400 || status === 401, name)
      t.notMatch(text, 'access_token')
    }
    const two: [string, string][] = [...(await form()), ['client_assertion', await assertion(server)]]
    t.notMatch((await post('token', two)).text, 'access_token', 'two good assertions')
    const basic = { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` }
    t.match(await post('token', await form(), basic), { status: 400, text: /invalid_request/ }, 'a key and a secret')
    const named: [string, string][] = [...(await form()), ['client_id', 'demo-confidential']]
    t.match(await post('token', named), { status: 400, text: /invalid_request/ }, 'an assertion and another name')
  })

  t.test('is refused where tokens are introspected, revoked and requests pushed', async t => {
    for (const path of ['introspect', 'revoke']) {
      const form: [string, string][] = [
        ['token', 'a'],
        ['client_id', 'demo-app'],
      ]
      for (const [name, value] of form)
        t.equal((await post(path, [...form, [name, value]])).status, 400, `${path} ${name}`)
    }
    const pushed = [...new URL(authorizeUrl()).searchParams]
    for (const [name, value] of pushed) {
      if (name === 'aud') continue
      t.equal((await post('par', [...pushed, [name, value]])).status, 400, `par ${name}`)
    }
  })

  t.test('in a refresh cannot name another client', async t => {
    const doubled: [string, string][] = [
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'a'],
      ['refresh_token', 'b'],
    ]
    t.match(await post('token', doubled), { status: 400 })
    t.match(await post('token', [['grant_type', 'refresh_token'], ...doubled]), { status: 400 })
  })
})
