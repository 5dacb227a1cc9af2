import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'
import { derive } from './keys.ts'
import type { SmartConfig } from './settings.ts'

const FORM = 'application/x-www-form-urlencoded'
const BODY_LIMIT = 56 * 1024

/** Keeps forms as text: duplicate parameters must reach whoever refuses them. Anything else stays unread. */
export function takeForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
    done(null, body),
  )
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

/** The form of a request as it was sent. */
export const formOf = (request: FastifyRequest): string | undefined =>
  typeof request.body === 'string' ? request.body : undefined

/** What a form has to carry: known only to who was shown a page of this interaction or session. */
export const csrfToken = (config: SmartConfig, subject: string): string =>
  createHmac('sha256', derive(config.secret, 'csrf')).update(subject).digest('base64url')

/**
 * The fields of a form.
 * @throws InvalidRequest 403 when our own page of this interaction or session did not send it
 */
export function checkForm(config: SmartConfig, request: FastifyRequest, subject: string): URLSearchParams {
  const form = new URLSearchParams(formOf(request))
  const expected = Buffer.from(csrfToken(config, subject))
  const given = Buffer.from(form.get('csrf') ?? '')
  const { origin } = request.headers
  const foreign = origin !== undefined && origin !== new URL(config.baseUrl).origin
  if (foreign || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new errors.InvalidRequest('the form was not sent by the page that it belongs to', 403)
  }
  return form
}
