import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { withoutBrowserId } from './account/session.ts'
import { brandOf } from './brand.ts'
import { PAGE_HEADERS, type Page, render } from './pages.ts'
import { MOUNT, type SmartConfig, type SmartOptions } from './settings.ts'
import { signOutOf } from './sign-out.ts'

/** Where an app sends the browser to sign the person out. */
export const END_SESSION = '/session/end'

/**
 * The pages of https://openid.net/specs/openid-connect-rpinitiated-1_0.html: the person is asked, because any site can lead a
 * browser here; and told, where no app takes her back.
 */
export function logoutPages(config: SmartConfig) {
  const show = (ctx: KoaContextWithOIDC, page: Page, values: Record<string, unknown>) => {
    ctx.set({ ...PAGE_HEADERS })
    ctx.body = render(page, { app: ctx.oidc.client?.clientName, ...values }, brandOf(config))
  }
  return {
    logoutSource: async (ctx: KoaContextWithOIDC) =>
      show(ctx, 'logout', { action: `${MOUNT}${END_SESSION}/confirm`, xsrf: ctx.oidc.session?.state?.secret }),
    postLogoutSuccessSource: async (ctx: KoaContextWithOIDC) => show(ctx, 'logged-out', {}),
  }
}

/** When a person has agreed to sign out, the account's pages and what was granted for while she is signed in end as well. */
export function finishLogouts(provider: Provider, options: SmartOptions): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    const session = oidc?.route === 'end_session_confirm' ? oidc.session : undefined
    if (!session || !('destroyed' in session)) return
    const signIn = { uid: session.uid, person: session.accountId }
    await signOutOf(options, { headers: ctx.req.headers, signIn, requestId: ctx.response.get('x-request-id') })
    ctx.append('set-cookie', withoutBrowserId(options.config))
  })
}
