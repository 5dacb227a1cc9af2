import { readFile } from 'node:fs/promises'
import t from 'tap'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { HTML, noBrowser, openBrowser, site } from '../support/browser-app.ts'
import { demoServer } from '../support/demo.ts'

// Medplum's client where it is at home, in a page of another site: it sends cookies along and a header of its own
// (X-Medplum), which the browser asks for before each request.

const LIBRARY = new URL('../../node_modules/@medplum/core/dist/esm/index.mjs', import.meta.url)
const SCOPE = 'openid fhirUser launch/patient offline_access patient/*.rs'

const page = (baseUrl: string): string => `<!doctype html>
<title>An app</title>
<button id="connect">Connect my hospital record</button>
<p id="said"></p>
<script type="module">
  import { MedplumClient } from '/medplum.mjs'
  const client = new MedplumClient({
    baseUrl: '${baseUrl}',
    fhirUrlPath: 'fhir',
    authorizeUrl: 'oauth2/authorize?aud=' + encodeURIComponent('${baseUrl}/fhir'),
    clientId: 'demo-app',
  })
  const redirectUri = location.origin + '/callback'
  const params = { redirectUri, scope: '${SCOPE}', nonce: 'a-nonce' }
  const say = text => { document.getElementById('said').textContent = text }
  document.getElementById('connect').onclick = () => client.signInWithRedirect(params)
  const code = new URLSearchParams(location.search).get('code')
  if (code) {
    try {
      await client.processCode(code, { redirectUri })
      const before = client.getAccessToken()
      await client.refreshIfExpired(24 * 3600 * 1000)
      const { name: [{ given, family }] } = await client.readResource('Patient', 'alice')
      const appointments = []
      for await (const some of client.searchResourcePages('Appointment', '_sort=date&_count=1'))
        appointments.push(...some.map(({ description }) => description))
      const other = await client.readResource('Patient', 'bob').catch(error => error.message)
      const written = await client
        .patchResource('Patient', 'alice', [{ op: 'remove', path: '/name' }])
        .catch(error => error.message)
      say([given[0] + ' ' + family, before !== client.getAccessToken(), appointments.join(), other, written].join(' / '))
    } catch (error) {
      say('failed: ' + error.message + ' ' + error.cause)
    }
  }
</script>`

t.test('in a browser, Medplum’s client signs in, refreshes and reads', { skip: noBrowser }, async t => {
  const server = await demoServer(t)
  const html = [HTML, page(server.baseUrl)] as const
  const library = ['text/javascript', await readFile(LIBRARY, 'utf8')] as const
  const app = await site(t, { '/': html, '/callback': html, '/medplum.mjs': library })
  const browser = await openBrowser(t)
  const preflights = new Set<string>()
  server.app.server.on('request', ({ method, headers }) => {
    if (method === 'OPTIONS') preflights.add(String(headers['access-control-request-headers']))
  })
  const visit = await browser.newPage()
  await visit.goto(app)
  await visit.getByRole('button', { name: 'Connect my hospital record' }).click()
  await visit.getByLabel('Email address or user name').fill('alice@example.org')
  await visit.getByLabel('Password').fill(DEMO_PASSWORD)
  await visit.getByRole('button', { name: 'Sign in' }).click()
  await visit.getByRole('button', { name: 'Allow', exact: true }).click()
  await visit.locator('#said:not(:empty)').waitFor()

  const [name, refreshed, appointments, other, written] = ((await visit.locator('#said').textContent()) ?? '').split(
    ' / ',
  )
  t.equal(name, 'Alice Archer')
  t.equal(refreshed, 'true')
  t.equal(appointments, 'Clinic 1,Clinic 2,Clinic 3')
  t.equal(other, 'There is no Patient/bob')
  t.match(written, /patient\/Patient\.u/)
  t.match([...preflights].join(), /x-medplum/)
})
