import type { FastifyInstance } from 'fastify'
import type { Provider } from 'oidc-provider'
import { withoutBrowserId } from './account/session.ts'
import { appOf } from './asking-app.ts'
import { consentRoutes, showConsent } from './consent-routes.ts'
import { checkForm } from './forms.ts'
import { type Find, findInteraction, finish, formsOf, INTERACTION_PATH } from './interaction.ts'
import { sendPage } from './send-page.ts'
import { MOUNT, type SmartOptions } from './settings.ts'
import { passwordOf, signIn, WRONG, waitInWords } from './sign-in.ts'
import { signOutOf } from './sign-out.ts'

const DENIED = { error: 'access_denied', error_description: 'the person did not allow it' }

function signInRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider, find: Find): void {
  const { config, pool, clock } = options
  app.get(INTERACTION_PATH, async (request, reply) => {
    const interaction = await find(request, reply)
    if (interaction.prompt === 'consent') return showConsent(options, provider, reply, interaction)
    return sendPage(reply, config, 'sign-in', formsOf(interaction.uid), {
      app: await appOf(provider, interaction.params),
    })
  })

  app.post(`${INTERACTION_PATH}/sign-in`, async (request, reply) => {
    const interaction = await find(request, reply)
    const form = checkForm(config, request, interaction.uid)
    const name = (form.get('name') ?? '').trim()
    const attempt = await signIn(pool, { name, password: passwordOf(form), address: request.ip, now: clock() })
    if (attempt.outcome === 'in') {
      const login = { accountId: attempt.person.id, remember: false, amr: ['pwd'] }
      return finish(provider, request, reply, { login })
    }
    const values = { app: await appOf(provider, interaction.params), name }
    if (attempt.outcome === 'refused') {
      return sendPage(reply, config, 'sign-in', formsOf(interaction.uid), { ...values, error: WRONG }, 400)
    }
    const error = `There were too many attempts with this name. Try again in ${waitInWords(attempt.seconds)}.`
    reply.header('retry-after', attempt.seconds)
    return sendPage(reply, config, 'sign-in', formsOf(interaction.uid), { ...values, error }, 429)
  })
}

/** Whoever reloads the answer to a form by its address comes back to the page. */
function backRoutes(app: FastifyInstance): void {
  for (const form of ['sign-in', 'person', 'consent', 'refuse', 'switch'])
    app.get(`${INTERACTION_PATH}/${form}`, async (request, reply) => {
      const { uid } = request.params as { uid: string }
      return reply.redirect(`${MOUNT}/interaction/${encodeURIComponent(uid)}`, 303)
    })
}

function leaveRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider, find: Find): void {
  const { config } = options
  app.post(`${INTERACTION_PATH}/refuse`, async (request, reply) => {
    const { uid } = await find(request, reply)
    checkForm(config, request, uid)
    return finish(provider, request, reply, DENIED)
  })

  // "Not you?": signs out and begins again with the same request.
  app.post(`${INTERACTION_PATH}/switch`, async (request, reply) => {
    const { uid, params, sessionUid, accountId } = await find(request, reply)
    checkForm(config, request, uid)
    const signIn = sessionUid === undefined ? undefined : { uid: sessionUid, person: accountId }
    await signOutOf(options, { headers: request.headers, signIn, requestId: request.id })
    reply.header('set-cookie', withoutBrowserId(config))
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(params)) if (typeof value === 'string') query.set(name, value)
    return reply.header('cache-control', 'no-store').redirect(`${MOUNT}/authorize?${query}`, 303)
  })
}

/** The pages between an authorization request and its answer: sign-in and consent, plain forms without JavaScript. */
export function interactionRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider): void {
  const find: Find = (request, reply) => findInteraction(provider, options.config, request, reply)
  signInRoutes(app, options, provider, find)
  consentRoutes(app, options, provider, find)
  leaveRoutes(app, options, provider, find)
  backRoutes(app)
}
