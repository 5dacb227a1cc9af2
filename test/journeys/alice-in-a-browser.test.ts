import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { browserApp, noBrowser, openBrowser } from '../support/browser-app.ts'
import { type DemoServer, demoServer } from '../support/demo.ts'

// Real people in a real browser, with an app on another site: what CORS, cookies and framing headers do cannot be seen
// in any other way. The pictures of the pages are kept in .portico/screenshots, to be looked at.

const PICTURES = fileURLToPath(new URL('../../.portico/screenshots/', import.meta.url))
const WIDTHS = [1280, 320]
const SCOPE =
  'openid fhirUser launch/patient offline_access patient/Patient.rs patient/DiagnosticReport.rs ' +
  'patient/Appointment.rs patient/Communication.rs'

type Journey = { page: Page; server: DemoServer; app: string; violations: string[] }

async function start(t: Test, browser: Browser, server: DemoServer, app: string): Promise<Journey> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  const violations: string[] = []
  page.on('console', message => {
    if (/Content Security Policy|has been blocked by CORS/.test(message.text())) violations.push(message.text())
  })
  await page.goto(app)
  await page.getByRole('button', { name: 'Connect my hospital record' }).click()
  return { page, server, app, violations }
}

/** Takes a picture of the page at each width, where nothing may stick out. */
async function picture(t: Test, page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true })
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 })
    await page.screenshot({ path: `${PICTURES}${name}-${width}.png`, fullPage: true })
    const widest = await page.evaluate('document.documentElement.scrollWidth')
    t.ok(Number(widest) <= width, `${name} fits into ${width} pixels`)
  }
}

async function signIn({ page }: Journey, who: string): Promise<void> {
  await page.getByLabel('Email address or user name').fill(`${who}@example.org`)
  await page.getByLabel('Password').fill(DEMO_PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const textsOf = (page: Page, type: string): Promise<string[]> => page.locator(`#${type} li`).allTextContents()

const arrived = (page: Page): Promise<void> => page.getByText('done', { exact: true }).waitFor()

t.test('in a browser', { skip: noBrowser }, async t => {
  const server = await demoServer(t)
  const app = await browserApp(t, { iss: `${server.baseUrl}/fhir`, scope: SCOPE })
  const browser = await openBrowser(t)
  const preflights = new Set<string>()
  server.app.server.on('request', ({ method, url = '' }) => {
    if (method === 'OPTIONS') preflights.add(url.split('?')[0] ?? '')
  })

  t.test('Alice keeps her messages to herself, and sees her results in the app', async t => {
    const journey = await start(t, browser, server, app)
    const { page, violations } = journey
    await picture(t, page, 'sign-in')
    await signIn(journey, 'alice')
    await page.getByText('Your own record').waitFor()
    t.match(
      await page.getByRole('heading', { level: 1 }).textContent(),
      /Allow “Demo app” to open your hospital record/,
    )
    await picture(t, page, 'consent')
    await page.getByRole('checkbox', { name: /messages with the care team/ }).uncheck()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await arrived(page)

    t.equal(await page.locator('#error').textContent(), '')
    t.equal(await page.locator('#name').textContent(), 'Alice Archer')
    t.same((await textsOf(page, 'DiagnosticReport')).sort(), ['Full blood count', 'Urea and electrolytes'])
    t.same((await textsOf(page, 'Appointment')).sort(), ['Clinic 1', 'Clinic 2', 'Clinic 3'])
    const [refused = ''] = await textsOf(page, 'Communication')
    t.match(refused, /^403 /, 'the page can read that, and why')
    t.match(refused, 'patient/Communication.s')
    t.match(await page.locator('#withheld').textContent(), /^404 /)
    t.notMatch(await page.locator('ul, h1').allTextContents(), /Withheld/)
    t.ok(preflights.has('/fhir/DiagnosticReport'), 'the browser asked first')
    t.same(violations, [])
    t.equal(new URL(page.url()).origin, app)
  })

  t.test('Bob chooses whose record, and sees her appointments only', async t => {
    const journey = await start(t, browser, server, app)
    const { page, violations } = journey
    await signIn(journey, 'bob')
    await page.getByLabel('Alice Archer').check()
    await picture(t, page, 'choice-of-a-proxy')
    t.match(await page.getByText('You act for this person').textContent(), 'appointments')
    await page.getByRole('button', { name: 'Continue' }).click()
    await picture(t, page, 'consent-of-a-proxy')
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await arrived(page)
    t.equal(await page.locator('#name').textContent(), 'Alice Archer')
    t.same((await textsOf(page, 'Appointment')).sort(), ['Clinic 1', 'Clinic 2', 'Clinic 3'])
    t.match(await textsOf(page, 'DiagnosticReport'), [/^403 /], 'he cannot give what he does not reach')
    t.match(await textsOf(page, 'Communication'), [/^403 /])
    t.match(await page.locator('#withheld').textContent(), /^403 /)
    t.same(violations, [])
  })

  t.test('a wrong password is said, and can be put right', async t => {
    const journey = await start(t, browser, server, app)
    const { page } = journey
    await page.getByLabel('Email address or user name').fill('alice@example.org')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: /not right/ }).waitFor()
    await picture(t, page, 'sign-in-error')
    t.equal(await page.getByLabel('Email address or user name').inputValue(), 'alice@example.org')
    await signIn(journey, 'alice')
    await page.getByText('Your own record').waitFor()
  })

  t.test('who does not allow it is brought back to the app, which is told', async t => {
    const journey = await start(t, browser, server, app)
    const { page, violations } = journey
    await signIn(journey, 'alice')
    await page.getByRole('button', { name: 'Do not allow' }).click()
    await arrived(page)
    t.match(await page.locator('#error').textContent(), /^access_denied/)
    const back = new URL(page.url())
    t.equal(back.origin, app)
    const state = back.searchParams.get('state') ?? ''
    t.ok(await page.evaluate(`sessionStorage.getItem('${state}')`), 'the state is the one that the app made')
    t.same(violations, [])
  })

  t.test('an app that is not known is told so on our page, and nobody is sent anywhere', async t => {
    const page = await browser.newPage()
    t.teardown(() => page.close())
    await page.goto(
      `${server.baseUrl}/oauth2/authorize?client_id=nobody&redirect_uri=${app}/callback&response_type=code`,
    )
    t.match(await page.getByRole('heading', { level: 1 }).textContent(), 'could not be connected')
    await picture(t, page, 'error')
    t.equal(new URL(page.url()).origin, server.baseUrl)
  })
})
