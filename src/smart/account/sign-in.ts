import type { FastifyInstance, FastifyRequest } from 'fastify'
import { findPayload } from '../../store/tokens.ts'
import { checkForm } from '../forms.ts'
import { sendPage } from '../send-page.ts'
import { ACCOUNT, type SmartOptions } from '../settings.ts'
import { passwordOf, signIn, WRONG, waitInWords } from '../sign-in.ts'
import { type SignIn, signOutOf } from '../sign-out.ts'
import { begin, browserId, formsOf, giveBrowserId, signedIn, subjectOf, withoutBrowserId } from './session.ts'

/** Where a sign-in may lead: by name, so that no address in a link is ever followed. */
const PAGES = new Set(['apps', 'access'])
const pageOf = (name: unknown): string => (typeof name === 'string' && PAGES.has(name) ? name : 'apps')

/** The other sign-in of this browser, that of the authorization server. */
async function providerSignIn(request: FastifyRequest, { pool }: SmartOptions): Promise<SignIn | undefined> {
  const id = /(?:^|; *)_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const session = id === undefined ? undefined : await findPayload(pool, 'Session', 'id', id)
  if (typeof session?.payload.uid !== 'string') return undefined
  const { uid, accountId } = session.payload
  return { uid, person: typeof accountId === 'string' ? accountId : undefined }
}

/** Signing in to the pages, and out of them. */
export function signInRoutes(app: FastifyInstance, options: SmartOptions): void {
  const { config, pool, clock } = options
  app.get(`${ACCOUNT}/sign-in`, async (request, reply) => {
    const to = pageOf((request.query as { to?: unknown }).to)
    if (await signedIn(request, options)) return reply.redirect(`${ACCOUNT}/${to}`, 303)
    const id = browserId(request, config) ?? giveBrowserId(reply, config)
    return sendPage(reply, config, 'sign-in', formsOf(id), { to })
  })

  app.post(`${ACCOUNT}/sign-in`, async (request, reply) => {
    const id = browserId(request, config) ?? ''
    const form = checkForm(config, request, subjectOf(id))
    const to = pageOf(form.get('to'))
    const name = (form.get('name') ?? '').trim()
    const attempt = await signIn(pool, { name, password: passwordOf(form), address: request.ip, now: clock() })
    if (attempt.outcome === 'in') {
      await begin(request, reply, options, attempt.person.id)
      return reply.header('cache-control', 'no-store').redirect(`${ACCOUNT}/${to}`, 303)
    }
    if (attempt.outcome === 'refused')
      return sendPage(reply, config, 'sign-in', formsOf(id), { to, name, error: WRONG }, 400)
    const error = `There were too many attempts with this name. Try again in ${waitInWords(attempt.seconds)}.`
    reply.header('retry-after', attempt.seconds)
    return sendPage(reply, config, 'sign-in', formsOf(id), { to, name, error }, 429)
  })

  app.post(`${ACCOUNT}/sign-out`, async (request, reply) => {
    checkForm(config, request, subjectOf(browserId(request, config) ?? ''))
    const signIn = await providerSignIn(request, options)
    await signOutOf(options, { headers: request.headers, signIn, requestId: request.id })
    reply.headers({ 'set-cookie': withoutBrowserId(config), 'cache-control': 'no-store' })
    return reply.redirect(`${ACCOUNT}/signed-out`, 303)
  })
  app.get(`${ACCOUNT}/signed-out`, async (_request, reply) => sendPage(reply, config, 'signed-out', formsOf(''), {}))
}
