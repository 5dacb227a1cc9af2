import type { FastifyReply } from 'fastify'
import { brandOf } from './brand.ts'
import { csrfToken } from './forms.ts'
import { PAGE_HEADERS, type Page, render } from './pages.ts'
import type { SmartConfig } from './settings.ts'

/** Where the forms of a page lead, and which interaction or session they belong to. */
export type Forms = { readonly base: string; readonly subject: string }

/** Sends one page; its forms are good for what they belong to only. */
export function sendPage(
  reply: FastifyReply,
  config: SmartConfig,
  page: Page,
  { base, subject }: Forms,
  values: Record<string, unknown>,
  status = 200,
): FastifyReply {
  const html = render(page, { ...values, csrf: csrfToken(config, subject), base }, brandOf(config))
  return reply.code(status).headers(PAGE_HEADERS).send(html)
}
