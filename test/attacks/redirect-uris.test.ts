import t from 'tap'
import { saveClient } from '../../src/store/clients.ts'
import { ask } from '../support/asked.ts'
import { authorizationServer, launch, REDIRECT, redeem } from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// A code that is sent to another address is somebody else's access. Registered addresses are compared as text.

t.test('a redirect URI that is not the registered one gets nothing, and nobody is sent there', async t => {
  verifies('smart-2.2', 'SAL-18')
  const server = await authorizationServer(t)
  await saveClient(server.pool, {
    clientId: 'web',
    name: 'web',
    kind: 'public',
    metadata: { redirect_uris: ['https://app.example/callback?from=portal', 'https://app.example/other'] },
    scopes: 'launch/patient patient/*.rs',
    secret: undefined,
  })
  const web = (redirect_uri: string | undefined) => ask(server, { client_id: 'web', redirect_uri })

  t.test('of a site', async t => {
    t.ok((await web('https://app.example/other')).isGood)
    t.ok((await web('https://app.example/callback?from=portal')).isGood)
    for (const uri of [
      'https://app.example/callback',
      'https://app.example/callback?from=portal&more=1',
      'https://app.example/callback?from=Portal',
      'https://app.example/callback?from=portal#x',
      'https://app.example/callback?from=portal/',
      'https://app.example/callback?from=portal%20',
      'https://app.example/callback/?from=portal',
      'https://app.example/callback/../callback?from=portal',
      'https://app.example/%63allback?from=portal',
      'https://app.example//callback?from=portal',
      'https://app.example:443/other',
      'https://APP.example/other',
      'HTTPS://app.example/other',
      'http://app.example/other',
      'https://app.example./other',
      'https://app.example:8443/other',
      'https://evil.example/other',
      'https://app.example.evil.example/other',
      'https://evil.example#https://app.example/other',
      'https://evil.example?https://app.example/other',
      'https://app.example@evil.example/other',
      'https://user@app.example/other',
      'https://app.example\\@evil.example/other',
      'https:/app.example/other',
      'https:app.example/other',
      '//app.example/other',
      '/other',
      'https://app.example/other ',
      ' https://app.example/other',
      'https://app.example/other\t',
      'https://app.example/other\nhttps://evil.example',
      'https://app.example/other,https://evil.example',
      'https://app.example/other%00.evil.example',
      'https://xn--app-0ua.example/other',
      'javascript:alert(1)//https://app.example/other',
      'data:text/html,https://app.example/other',
      'https://app.example/callback?from=portal https://app.example/other',
      '',
      undefined,
    ]) {
      const { status, to, html } = await web(uri)
      t.match({ status, to }, { status: 400, to: undefined }, JSON.stringify(uri))
      t.notMatch(html, 'evil.example', 'the address is not shown either')
    }
  })

  t.test('of the own machine, where any port is good and nothing else', async t => {
    for (const uri of ['http://127.0.0.1:1/callback', 'http://localhost:65535/callback', 'http://127.0.0.1/callback'])
      t.ok((await ask(server, { redirect_uri: uri })).isGood, uri)
    for (const uri of [
      'https://127.0.0.1:1/callback',
      'http://127.0.0.2:1/callback',
      'http://[::1]:1/callback',
      'http://127.0.0.1.evil.example:1/callback',
      'http://127.0.0.1:1@evil.example/callback',
      'http://127.0.0.1:99999/callback',
      'http://127.0.0.1:1/callback/evil',
      'http://127.0.0.1:1/callback?x=1',
      'http://127.1:1/callback',
      'http://2130706433:1/callback',
      'http://localhost.evil.example/callback',
    ]) {
      const { status, to } = await ask(server, { redirect_uri: uri })
      t.match({ status, to }, { status: 400, to: undefined }, uri)
    }
  })

  t.test('of another app, or of an app that is not known', async t => {
    for (const client_id of ['demo-app', 'nobody', 'demo-engine', '', "web' or '1'='1", 'web\0', undefined]) {
      const { status, to } = await ask(server, { client_id, redirect_uri: 'https://app.example/other' })
      t.match({ status, to }, { status: 400, to: undefined }, String(client_id))
    }
  })

  t.test('when the code is redeemed', async t => {
    verifies('smart-2.2', 'SAL-69')
    const { answer } = await launch(server)
    const code = answer.searchParams.get('code') ?? ''
    for (const redirect_uri of [
      'http://127.0.0.1:4712/callback',
      'http://localhost:4711/callback',
      `${REDIRECT}/`,
      '',
    ]) {
      const refused = await redeem(server, code, { redirect_uri })
      t.match(refused, { status: 400, body: { access_token: undefined } }, redirect_uri)
    }
    t.equal((await redeem(server, code)).status, 200)
  })
})
