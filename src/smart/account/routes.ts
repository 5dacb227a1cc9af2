import type { FastifyInstance } from 'fastify'
import { errors } from 'oidc-provider'
import { deleteEndedSessions } from '../../store/account-sessions.ts'
import { takeForms } from '../forms.ts'
import { sendErrorPages } from '../page-errors.ts'
import { ACCOUNT, type SmartOptions } from '../settings.ts'
import { accessRoutes } from './access.ts'
import { appRoutes } from './apps.ts'
import { readRegularly } from './reading.ts'
import { LIFETIME } from './session.ts'
import { signInRoutes } from './sign-in.ts'

const CLEAN_UP_EVERY = 10 * 60 * 1000

/** The pages on which people look after their own access, with a session of their own. Decision 0063. */
export async function accountRoutes(app: FastifyInstance, options: SmartOptions): Promise<void> {
  takeForms(app)
  sendErrorPages(app, options)
  app.get(ACCOUNT, async (_request, reply) => reply.redirect(`${ACCOUNT}/apps`, 303))
  signInRoutes(app, options)
  appRoutes(app, options)
  accessRoutes(app, options)
  app.all(`${ACCOUNT}/*`, async () => {
    throw new errors.InvalidRequest('there is nothing at this address', 404)
  })
  readRegularly(app, options.pool)

  const cleanUp = setInterval(() => {
    deleteEndedSessions(options.pool, options.clock(), LIFETIME).catch(error =>
      app.log.error(error, 'the clean-up of ended sessions failed'),
    )
  }, CLEAN_UP_EVERY).unref()
  app.addHook('onClose', async () => clearInterval(cleanUp))
}
