import type { JsonWebKey } from 'node:crypto'
import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { engineToken } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { authorizeUrl, REDIRECT } from '../support/authorization-server.ts'
import { isForEverybody } from '../support/axe.ts'
import { noBrowser, openBrowser } from '../support/browser-app.ts'
import { demoServer } from '../support/demo.ts'

/** Presses a button or a link, and waits for the page that it leads to. */
const press = async (page: Page, on: Locator): Promise<void> => {
  await Promise.all([page.waitForEvent('load'), on.click()])
}

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
    await press(page, page.getByRole('button', { name: 'Sign in' }))
  }
  const allow = async (page: Page) => {
    await press(page, page.getByRole('button', { name: 'Allow', exact: true }))
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
    await press(page, page.getByRole('button', { name: 'Allow', exact: true }))
    await isForEverybody(t, page, 'consent-error')
  })

  t.test('whose record', async t => {
    const page = await open(authorize())
    await signIn(page, 'bob')
    await isForEverybody(t, page, 'person')
    await press(page, page.getByRole('button', { name: 'Continue' }))
    await isForEverybody(t, page, 'person-error')
    await page.getByLabel('Alice Archer').check()
    await press(page, page.getByRole('button', { name: 'Continue' }))
    await isForEverybody(t, page, 'consent-of-a-proxy')
    const nothing = await open(authorize({ scope: 'launch/patient patient/Goal.rs' }))
    await signIn(nothing, 'bob')
    await nothing.getByLabel('Alice Archer').check()
    await press(nothing, nothing.getByRole('button', { name: 'Continue' }))
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
    await press(page, page.getByRole('button', { name: 'Take back', exact: true }).first())
    await isForEverybody(t, page, 'apps-taken-back')
    await press(page, page.getByRole('button', { name: 'Take back', exact: true }).first())
    await isForEverybody(t, page, 'apps-none')
    await press(page, page.getByRole('button', { name: 'Sign out' }))
    await isForEverybody(t, page, 'signed-out')
  })

  t.test('signing out by an app’s wish', async t => {
    const page = await open(authorize())
    await signIn(page, 'alice')
    for (const [button, name] of [
      ['Stay signed in', 'logout-stayed'],
      ['Sign out', 'logged-out'],
    ] as const) {
      await page.goto(`${server.baseUrl}/oauth2/session/end?client_id=demo-app`)
      await isForEverybody(t, page, 'logout')
      await press(page, page.getByRole('button', { name: button }))
      await isForEverybody(t, page, name)
    }
  })

  t.test('what is wrong with a sign-in to the account, and what is not there', async t => {
    const page = await open('/account/apps')
    await signIn(page, 'nobody', 'wrong')
    await isForEverybody(t, page, 'account-sign-in-error')
    for (let count = 0; count < 5; count++) await signIn(page, 'nobody', 'wrong')
    t.match(await page.textContent('body'), 'too many attempts')
    await isForEverybody(t, page, 'account-sign-in-wait')
    await isForEverybody(t, await open('/account/nothing'), 'not-here')
  })

  t.test('an app that the hospital’s own portal opens', async t => {
    const token = await engineToken(server.baseUrl, server.engineKey as JsonWebKey & { kid: string }, '__launch')
    const minted = await fetch(`${server.baseUrl}/oauth2/launch`, {
      method: 'POST',
      body: JSON.stringify({ client_id: 'demo-app', patient: 'alice' }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
    const { launch } = (await minted.json()) as { launch: string }
    const page = await open(authorize({ launch, scope: 'launch openid fhirUser offline_access patient/*.cruds' }))
    await signIn(page, 'alice')
    await isForEverybody(t, page, 'consent-launched')
    await page.goto(`${server.baseUrl}${authorize()}`)
    await press(page, page.getByRole('button', { name: 'Sign in as someone else' }))
    await isForEverybody(t, page, 'sign-in-again')
  })

  t.test('who looked at my record', async t => {
    const empty = await open('/account/access')
    await signIn(empty, 'george')
    await isForEverybody(t, empty, 'access-none')
    await server.pool.query("update reach set topics = array['*'] where actor = 'RelatedPerson/bob-for-alice'")
    await server.pool.query(`insert into record_access select 'alice', now() - n * interval '1 hour', 'engine', 'e',
      'demo-engine', 'looked', 'Observation', '-infinity', n, now() - n * interval '1 hour', now() - n * interval '1 hour'
      from generate_series(1, 40) n`)
    const page = await open('/account/access')
    await signIn(page, 'bob')
    await press(page, page.getByRole('link', { name: 'Alice Archer' }))
    await isForEverybody(t, page, 'access')
    await press(page, page.getByRole('link', { name: 'Earlier' }))
    await isForEverybody(t, page, 'access-earlier')
  })
})
