import type { KoaContextWithOIDC } from 'oidc-provider'
import { brandOf } from './brand.ts'
import { PAGE_HEADERS, type Page, render } from './pages.ts'
import { MOUNT, type SmartConfig } from './settings.ts'

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
