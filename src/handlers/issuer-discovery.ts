import type { FastifyInstance } from 'fastify'

/** Where the endpoints of another authorization server are. */
export type IssuerEndpoints = { readonly authorize: string; readonly token: string }

/** What this server makes good whoever issues the tokens; the issuer's own abilities are not ours to claim. */
const CAPABILITIES = ['permission-patient', 'permission-user', 'permission-v1', 'permission-v2'] as const

/**
 * `[base]/.well-known/smart-configuration` of a server whose tokens another one issues: it leads apps there
 * (https://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known).
 */
export async function issuerDiscovery(app: FastifyInstance, { authorize, token }: IssuerEndpoints): Promise<void> {
  const document = {
    authorization_endpoint: authorize,
    token_endpoint: token,
    grant_types_supported: ['authorization_code', 'client_credentials'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    capabilities: CAPABILITIES,
  }
  const url = '/fhir/.well-known/smart-configuration'
  const anyOrigin = { 'access-control-allow-origin': '*' }
  app.get(url, async (_request, reply) =>
    reply
      .headers({ ...anyOrigin, 'cache-control': 'max-age=300' })
      .type('application/json')
      .send(document),
  )
  app.options(url, async (_request, reply) =>
    reply
      .code(204)
      .headers({ ...anyOrigin, 'access-control-allow-methods': 'GET', 'access-control-allow-headers': '*' })
      .send(),
  )
}
