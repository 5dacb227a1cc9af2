import { newSecret, storedSecret } from '../../src/smart/clients.ts'
import { saveClient } from '../../src/store/clients.ts'
import { BASE, type Server, token } from './authorization-server.ts'

/** Registers a system of the hospital that has a secret, and gives its `Authorization` header. */
export async function system(server: Pick<Server, 'pool'>, clientId: string, scopes: string): Promise<string> {
  const secret = newSecret()
  await saveClient(server.pool, {
    clientId,
    name: clientId,
    kind: 'backend',
    metadata: { token_endpoint_auth_method: 'client_secret_basic' },
    scopes,
    secret: storedSecret(secret),
  })
  return `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
}

/** An access token of a system of the hospital, with all the scopes that it is registered for. */
export async function systemToken(server: Server, clientId: string, scopes: string): Promise<string> {
  const authorization = await system(server, clientId, scopes)
  const { body } = await token(server, { grant_type: 'client_credentials', scope: scopes }, { authorization })
  return body.access_token
}

export type Minted = { status: number; headers: Headers; body: Record<string, unknown> & { launch: string } }

/** Asks for a launch handle. */
export async function mint(server: Server, accessToken: string | undefined, wanted: unknown): Promise<Minted> {
  const response = await server.get(`${BASE}/oauth2/launch`, {
    method: 'POST',
    body: JSON.stringify(wanted),
    headers: {
      'content-type': 'application/json',
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
    },
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Minted['body'] }
}
