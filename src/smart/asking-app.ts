import type { Provider } from 'oidc-provider'

/** The app that asks, as the pages name it. */
export type AskingApp = { name: string; maker: string | undefined; goesTo: string | undefined }

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Where the browser goes afterwards, as far as it says who that is: the name of a site. */
function siteOf(redirectUri: unknown): string | undefined {
  const url = typeof redirectUri === 'string' ? URL.parse(redirectUri) : null
  return url && url.protocol === 'https:' && !LOOPBACK.has(url.hostname) ? url.host : undefined
}

/** Finds the app of an authorization request: its name and maker are what was registered, never what the request says. */
export async function appOf(provider: Provider, params: Readonly<Record<string, unknown>>): Promise<AskingApp> {
  const clientId = String(params.client_id)
  const client = await provider.Client.find(clientId)
  const maker = typeof client?.maker === 'string' ? client.maker : undefined
  return { name: client?.clientName ?? clientId, maker, goesTo: siteOf(params.redirect_uri) }
}
