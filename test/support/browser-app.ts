import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const CHROMIUM = '/usr/bin/chromium'
const LIBRARY = new URL('../../node_modules/fhirclient/build/fhir-client.js', import.meta.url)

/** Why a test that needs a browser is skipped. Where CI is set it is not skipped but fails. */
export const noBrowser =
  existsSync(CHROMIUM) || process.env.CI !== undefined ? false : `there is no ${CHROMIUM}: apt-get install chromium`

/** A headless browser of its own, closed when the test ends. */
export async function openBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  t.teardown(() => browser.close())
  return browser
}

/** What the app starts the library with; `clientId` is that of the demo app unless it says otherwise. */
export type AppSettings = { iss: string; scope: string; clientId?: string; clientSecret?: string }

const launchPage = ({ iss, ...settings }: AppSettings): string => `<!doctype html>
<title>An app</title>
<script src="/fhir-client.js"></script>
<button>Connect my hospital record</button>
<script>
  const settings = ${JSON.stringify({ clientId: 'demo-app', redirectUri: '/callback', ...settings })}
  // A hospital's system names the server itself.
  if (!location.search) settings.iss = ${JSON.stringify(iss)}
  document.querySelector('button').onclick = () => FHIR.oauth2.authorize(settings)
</script>`

// What a beginner writes with the library: each list by itself, each failure shown as the library words it.
const recordPage = `<!doctype html>
<title>My record in an app</title>
<script src="/fhir-client.js"></script>
<h1 id="name">…</h1>
<p id="error"></p>
<ul id="DiagnosticReport"></ul>
<ul id="Appointment"></ul>
<ul id="Communication"></ul>
<pre id="withheld"></pre>
<p id="done"></p>
<script>
  const put = (id, text) => { document.getElementById(id).textContent = text }
  const list = (id, texts) => put(id, '') || texts.forEach(text => {
    document.getElementById(id).append(Object.assign(document.createElement('li'), { textContent: text }))
  })
  const show = (client, type, text) =>
    client.patient.request(type, { flat: true, pageLimit: 0 }).then(
      found => list(type, found.map(text)),
      error => list(type, [error.message]),
    )
  FHIR.oauth2.ready().then(async client => {
    window.client = client
    const patient = await client.patient.read()
    put('name', patient.name[0].given[0] + ' ' + patient.name[0].family)
    await show(client, 'DiagnosticReport', report => report.code.text)
    await show(client, 'Appointment', appointment => appointment.description)
    await show(client, 'Communication', message => message.payload[0].contentString)
    await client.request('DiagnosticReport/withheld').then(
      report => put('withheld', JSON.stringify(report)),
      error => put('withheld', error.message),
    )
    put('done', 'done')
  }).catch(error => put('error', error.message) || put('done', 'done'))
</script>`

/** The pages of a site, by path: what each is, and its text. */
type Pages = Readonly<Record<string, readonly [type: string, body: string]>>

export const HTML = 'text/html; charset=utf-8'

/** Static pages on an origin of their own: another site than the server. */
export async function site(t: Test, pages: Pages): Promise<string> {
  const app = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [type, body] = pages[new URL(request.url ?? '/', 'http://localhost').pathname] ?? []
    if (type === undefined) return response.writeHead(404).end()
    return response.writeHead(200, { 'content-type': type }).end(body)
  })
  t.teardown(() => {
    app.closeAllConnections()
    app.close()
  })
  await new Promise<void>(listening => app.listen(0, 'localhost', listening))
  return `http://localhost:${(app.address() as AddressInfo).port}`
}

/** An app that is built with SMART's browser library. */
export const browserApp = async (t: Test, settings: AppSettings): Promise<string> =>
  site(t, {
    '/': [HTML, launchPage(settings)],
    '/callback': [HTML, recordPage],
    '/fhir-client.js': ['text/javascript', await readFile(LIBRARY, 'utf8')],
  })
