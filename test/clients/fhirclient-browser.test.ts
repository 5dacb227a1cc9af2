import type { JsonWebKey } from 'node:crypto'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { engineToken } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { type AppSettings, browserApp, noBrowser, openBrowser } from '../support/browser-app.ts'
import { demoServer } from '../support/demo.ts'
import { verifies } from '../support/verifies.ts'

// SMART's own client library in a page of another site: what the browser lets through is what counts.

t.test('an app in a browser', { skip: noBrowser }, async t => {
  const server = await demoServer(t)
  const browser = await openBrowser(t)
  const iss = `${server.baseUrl}/fhir`
  const scope = 'openid fhirUser launch launch/patient offline_access patient/*.rs'

  /** Opens an app, signs in as Alice and allows all; the app's page when it has read the record. */
  async function opened(t: Test, settings: Partial<AppSettings> = {}, query = ''): Promise<Page> {
    const app = await browserApp(t, { iss, scope, ...settings })
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const page = await context.newPage()
    page.on('console', message => {
      if (/Content Security Policy|has been blocked by CORS/.test(message.text())) t.fail(message.text())
    })
    await page.goto(`${app}/${query}`)
    await page.getByRole('button', { name: 'Connect my hospital record' }).click()
    await page.getByLabel('Email address or user name').fill('alice@example.org')
    await page.getByLabel('Password').fill(DEMO_PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.getByText('done', { exact: true }).waitFor()
    t.equal(await page.locator('#error').textContent(), '')
    t.equal(await page.locator('#name').textContent(), 'Alice Archer')
    return page
  }

  const tokenOf = (page: Page) => page.evaluate<string>('client.state.tokenResponse.access_token')
  /** Refreshes as the library does by itself when a request is refused; what it then reads. */
  const refreshed = (page: Page, options = '{}') =>
    page.evaluate<string>(`client.refresh(${options}).then(() => client.patient.read()).then(
      ({ id }) => id, error => error.message)`)

  for (const [title, settings] of [
    ['without a secret refreshes, though it names no client', {}],
    ['with a secret shows it at each refresh', { clientId: 'demo-confidential', clientSecret: server.secret }],
  ] as const) {
    t.test(title, async t => {
      verifies('smart-2.2', 'SAL-17', 'SAL-101', 'SAL-110', 'SAL-365')
      const page = await opened(t, settings)
      const first = await tokenOf(page)
      t.equal(await refreshed(page), 'alice')
      const second = await tokenOf(page)
      t.not(second, first)
      t.equal(await refreshed(page, '{ credentials: "include" }'), 'alice', 'also where it sends cookies along')
      await page.evaluate('Object.assign(client.state, { expiresAt: 0 })')
      t.equal(await page.evaluate('client.patient.read().then(({ id }) => id)'), 'alice', 'and by itself')
      t.not(await tokenOf(page), second)
    })
  }

  t.test('reads why it is refused', async t => {
    verifies('smart-2.2', 'SAL-17')
    const page = await opened(t)
    await page.evaluate('client.state.tokenResponse.refresh_token = "unknown"')
    t.match(await refreshed(page), /invalid_grant/)
    const wrong = await opened(t, { clientId: 'demo-confidential', clientSecret: server.secret })
    await wrong.evaluate('client.state.clientSecret = "wrong"')
    t.match(await refreshed(wrong), /invalid_client/)
  })

  t.test('opens from the hospital’s portal with the patient that this one shows', async t => {
    verifies('smart-2.2', 'SAL-352', 'SAL-361')
    const portal = await engineToken(server.baseUrl, server.engineKey as JsonWebKey & { kid: string }, '__launch')
    const minted = await fetch(`${server.baseUrl}/oauth2/launch`, {
      method: 'POST',
      body: JSON.stringify({ client_id: 'demo-app', patient: 'alice', intent: 'results' }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${portal}` },
    })
    const { launch } = (await minted.json()) as { launch: string }
    const page = await opened(t, {}, `?${new URLSearchParams({ iss, launch })}`)
    t.equal(await page.evaluate('client.state.tokenResponse.intent'), 'results')
    t.equal(await refreshed(page), 'alice')
  })
})
