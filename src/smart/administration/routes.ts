import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'
import { findClientRecord } from '../../store/clients.ts'
import { NO_STORE, sendError } from '../answers.ts'
import { callerOf } from '../bearer.ts'
import { MOUNT, type SmartOptions } from '../settings.ts'
import { systemActing } from '../trail.ts'
import {
  type Administrator,
  change,
  disable,
  enable,
  list,
  register,
  rotateSecret,
  show,
  type Told,
} from './administer.ts'
import { ADMINISTRATION } from './description.ts'

const BODY_LIMIT = 56 * 1024
const PATH = `${MOUNT}/clients`

const scopesOf = (body: unknown): string[] =>
  typeof body === 'object' && body !== null && 'scope' in body && typeof body.scope === 'string'
    ? body.scope.split(' ')
    : []

const denied = () =>
  Object.assign(
    new errors.AccessDenied(
      `clients with the scope ${ADMINISTRATION} are registered and changed on the server's machine only`,
    ),
    { statusCode: 403 },
  )

/** Who administers clients is not decided by those who do. */
async function refuseAdministrators({ pool }: SmartOptions, id: string | undefined, body: unknown): Promise<void> {
  if (scopesOf(body).includes(ADMINISTRATION)) throw denied()
  const client = id === undefined ? undefined : await findClientRecord(pool, id)
  if (client?.scopes.split(' ').includes(ADMINISTRATION)) throw denied()
}

type Operation = (administrator: Administrator, id: string, body: unknown) => Promise<Told | Told[]>

/** The administration of clients for systems of the hospital that have a token with the scope `__clients`. */
export async function administrationRoutes(app: FastifyInstance, options: SmartOptions): Promise<void> {
  app.setErrorHandler(sendError)
  const handler =
    (status: number, operation: Operation, isChange = true) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const { clientId } = await callerOf(options, request, reply, ADMINISTRATION)
      const { id } = request.params as { id?: string }
      if (isChange) await refuseAdministrators(options, id, request.body)
      const administrator = { ...options, by: systemActing(clientId), requestId: request.id }
      const answer = await operation(administrator, id ?? '', request.body)
      return reply.code(status).headers(NO_STORE).send(answer)
    }
  const limited = { bodyLimit: BODY_LIMIT }
  app.get(
    PATH,
    handler(200, administrator => list(administrator), false),
  )
  app.get(`${PATH}/:id`, handler(200, show, false))
  app.post(
    PATH,
    limited,
    handler(201, (administrator, _id, body) => register(administrator, body)),
  )
  app.put(`${PATH}/:id`, limited, handler(200, change))
  app.post(`${PATH}/:id/secret`, limited, handler(200, rotateSecret))
  app.post(`${PATH}/:id/disable`, limited, handler(200, disable))
  app.post(`${PATH}/:id/enable`, limited, handler(200, enable))
}
