import type { Page } from 'playwright-core'
import t from 'tap'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { authorizeUrl, REDIRECT } from '../support/authorization-server.ts'
import { isForEverybody } from '../support/axe.ts'
import { noBrowser, openBrowser } from '../support/browser-app.ts'
import { demoServer } from '../support/demo.ts'

// Every page that a patient sees, in Chromium: looked at by axe-core, at 1280 and at 320 pixels, and with the keyboard alone.

t.test('each page is for everybody', { skip: noBrowser }, async t => {
  const server = await demoServer(t)
  const browser = await openBrowser(t)
  const open = async (path: string): Promise<Page> => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    await context.route(`${REDIRECT}*`, route => route.fulfill({ body: 'back in the app' }))
    const page = await context.newPage()
    await page.goto(`${server.baseUrl}${path}`)
    return page
  }
  const authorize = (changes: Record<string, string> = {}): string => {
    const url = new URL(authorizeUrl({ aud: `${server.baseUrl}/fhir`, ...changes }))
    return url.pathname + url.search
  }
  const signIn = async (page: Page, who: string, password = DEMO_PASSWORD) => {
    await page.getByLabel('Email address or user name').fill(`${who}@example.org`)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForLoadState()
  }
  const allow = async (page: Page) => {
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(`${REDIRECT}*`)
  }

  t.test('signing in', async t => {
    const page = await open(authorize())
    await isForEverybody(t, page, 'sign-in')
    await signIn(page, 'alice', 'wrong')
    await isForEverybody(t, page, 'sign-in-error')
  })

  t.test('what an app may see', async t => {
    const page = await open(authorize())
    await signIn(page, 'alice')
    await isForEverybody(t, page, 'consent')
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await isForEverybody(t, page, 'consent-error')
  })

  t.test('whose record', async t => {
    const page = await open(authorize())
    await signIn(page, 'bob')
    await isForEverybody(t, page, 'person')
    await page.getByRole('button', { name: 'Continue' }).click()
    await isForEverybody(t, page, 'person-error')
    await page.getByLabel('Alice Archer').check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await isForEverybody(t, page, 'consent-of-a-proxy')
    const nothing = await open(authorize({ scope: 'launch/patient patient/Goal.rs' }))
    await signIn(nothing, 'bob')
    await nothing.getByLabel('Alice Archer').check()
    await nothing.getByRole('button', { name: 'Continue' }).click()
    await isForEverybody(t, nothing, 'nothing')
  })

  t.test('who has no record', async t => {
    await server.pool.query("delete from person_actor where person = 'hana'")
    const page = await open(authorize())
    await signIn(page, 'hana')
    await isForEverybody(t, page, 'nobody')
  })

  t.test('errors', async t => {
    await isForEverybody(t, await open(authorize({ client_id: 'nobody' })), 'error')
    const page = await open('/oauth2/interaction/gone')
    await page.locator('summary').click()
    await isForEverybody(t, page, 'error-expired')
  })

  t.test('apps you have allowed', async t => {
    const page = await open(authorize())
    await signIn(page, 'alice')
    await page.getByLabel('Your messages with the care team').uncheck()
    await allow(page)
    await page.goto(`${server.baseUrl}${authorize({ scope: 'openid fhirUser', client_id: 'demo-confidential' })}`)
    await allow(page)
    await page.goto(`${server.baseUrl}/account/apps`)
    await isForEverybody(t, page, 'account-sign-in')
    await signIn(page, 'alice')
    await isForEverybody(t, page, 'apps')
    await page.getByRole('button', { name: 'Take back', exact: true }).first().click()
    await isForEverybody(t, page, 'apps-taken-back')
    await page.getByRole('button', { name: 'Take back', exact: true }).first().click()
    await isForEverybody(t, page, 'apps-none')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await isForEverybody(t, page, 'signed-out')
  })
})
