import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'

/** Opens addresses and sends forms, as a browser does. */
export type Open = ReturnType<typeof browser>

/** Sends a form of a page to an address below /account, with the page's token and some fields. */
export function send(open: Open, page: Visited, action: string, fields: Record<string, string> = {}): Promise<Visited> {
  const csrf = fieldsOf(page.html).find(({ name }) => name === 'csrf')?.value ?? ''
  const url = new URL(`/account/${action}`, page.url).href
  return open(url, new URLSearchParams({ csrf, ...fields }))
}

/** Signs in to the pages; gives the page that was asked for. */
export async function signInTo(
  base: string,
  get: typeof fetch,
  who: string,
  page = 'apps',
): Promise<{ open: Open; page: Visited }> {
  const open = browser(base, get)
  const signIn = await open(`${base}/account/${page}`)
  const fields = { name: `${who}@example.org`, password: DEMO_PASSWORD, to: page }
  return { open, page: await send(open, signIn, 'sign-in', fields) }
}
