import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { newSecret } from './clients.ts'
import { mayIntrospect } from './introspection.ts'
import { logoutPages } from './logout.ts'
import { defaultResource, resourceServerInfo } from './resource-server.ts'
import type { SmartOptions } from './settings.ts'

/** Whether a client may take a token back: only its own. A public client proves nothing, so only by having it. */
const ownToken = async (_ctx: KoaContextWithOIDC, client: Client, token: { clientId?: string | undefined }) =>
  token.clientId === client.clientId

/** What of the provider is switched on; what is not named keeps the provider's word, which is "off". */
export function features(options: SmartOptions): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    dPoP: { enabled: false },
    rpInitiatedLogout: { enabled: true, ...logoutPages(options.config) },
    pushedAuthorizationRequests: { enabled: true },
    // Who may register is judged before, by src/smart/registration-routes.ts.
    registration: {
      enabled: true,
      initialAccessToken: false,
      issueRegistrationAccessToken: true,
      secretFactory: newSecret,
    },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: mayIntrospect },
    revocation: { enabled: true, allowedPolicy: ownToken },
    resourceIndicators: {
      enabled: true,
      defaultResource: defaultResource(options.config),
      useGrantedResource: async () => true,
      getResourceServerInfo: resourceServerInfo(options),
    },
  }
}
