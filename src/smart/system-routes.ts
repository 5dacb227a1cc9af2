import type { FastifyError, FastifyInstance } from 'fastify'
import { errors } from 'oidc-provider'
import { callerOf } from './bearer.ts'
import { LAUNCH_SECONDS, mintLaunch } from './launch.ts'
import { fhirBaseOf, MOUNT, type SmartOptions } from './settings.ts'
import { auditGrant, systemActing } from './trail.ts'

const BODY_LIMIT = 56 * 1024
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' }

/** Errors of JSON endpoints: RFC 6749 section 5.2. */
function sendErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | errors.OIDCProviderError, request, reply) => {
    const code = error.statusCode ?? 500
    if (code >= 500) request.log.error(error, 'a request to the authorization server failed')
    const known = error instanceof errors.OIDCProviderError
    const body = known
      ? { error: error.error, error_description: error.error_description }
      : code < 500
        ? { error: 'invalid_request', error_description: error.message }
        : { error: 'server_error' }
    return reply.code(code).headers(NO_STORE).send(body)
  })
}

/** The authorization server's own API for hospital systems: JSON, with an access token of a system client. */
export async function systemRoutes(app: FastifyInstance, options: SmartOptions): Promise<void> {
  sendErrors(app)
  app.post(`${MOUNT}/launch`, { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    const { clientId } = await callerOf(options, request, reply, '__launch')
    const { launch, app, patient } = await mintLaunch(options, clientId, request.body)
    const by = systemActing(clientId, patient)
    await auditGrant(options, 'launch', { app, by, requestId: request.id, result: {} })
    return reply
      .code(201)
      .headers(NO_STORE)
      .send({ launch, iss: fhirBaseOf(options.config), expires_in: LAUNCH_SECONDS })
  })
}
