import type { FastifyInstance } from 'fastify'
import { NO_STORE, sendError } from './answers.ts'
import { callerOf } from './bearer.ts'
import { LAUNCH_SECONDS, mintLaunch } from './launch.ts'
import { fhirBaseOf, MOUNT, type SmartOptions } from './settings.ts'
import { auditGrant, systemActing } from './trail.ts'

const BODY_LIMIT = 56 * 1024

/** The authorization server's own API for hospital systems: JSON, with an access token of a system client. */
export async function systemRoutes(app: FastifyInstance, options: SmartOptions): Promise<void> {
  app.setErrorHandler(sendError)
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
