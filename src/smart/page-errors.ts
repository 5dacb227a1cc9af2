import type { FastifyError, FastifyInstance } from 'fastify'
import { errors } from 'oidc-provider'
import { brandOf } from './brand.ts'
import { errorPage } from './error-page.ts'
import { PAGE_HEADERS } from './pages.ts'
import type { SmartOptions } from './settings.ts'

/** Answers the errors of pages with a page; the cause is in the log under the request's id. */
export function sendErrorPages(app: FastifyInstance, { config }: SmartOptions): void {
  app.setErrorHandler((error: FastifyError | errors.OIDCProviderError, request, reply) => {
    const code = error.statusCode ?? 500
    const out =
      error instanceof errors.OIDCProviderError
        ? { error: error.error, error_description: error.error_description }
        : { error: code < 500 ? 'invalid_request' : 'server_error' }
    request.log[code < 500 ? 'info' : 'error'](error, 'a page failed')
    return reply
      .code(code)
      .headers(PAGE_HEADERS)
      .send(errorPage(error, out, request.id, brandOf(config)))
  })
}
