import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Provider } from 'oidc-provider'
import { useLaunch } from '../store/launches.ts'
import { findActivePerson } from '../store/people.ts'
import { destroySession, saveLaunchContext } from '../store/tokens.ts'
import { type Choice, choicesFor, decide, fhirUserFor, needsPatient, ticksFor } from './consent.ts'
import { checkForm, findInteraction, finish, type Interaction, sendPage } from './interaction.ts'
import { launchedChoices, launchOf } from './launch.ts'
import { fhirBaseOf, MOUNT, type SmartOptions } from './settings.ts'
import { signIn, waitInWords } from './sign-in.ts'
import { auditGrant, personActing } from './trail.ts'

const WRONG = 'The email address, user name or password is not right. Check them and try again.'
const NOTHING_TICKED = 'Tick at least one part of the record, or do not allow the app'
const NOBODY_CHOSEN = 'Choose whose record the app may open'
const DENIED = { error: 'access_denied', error_description: 'the person did not allow it' }
const USED = { error: 'invalid_request', error_description: 'launch was used before' }
const LONGEST_PASSWORD = 1024
const PATH = `${MOUNT}/interaction/:uid`

const scopesOf = ({ params }: Interaction): string[] => String(params.scope ?? '').split(' ')

async function appName(provider: Provider, interaction: Interaction): Promise<string> {
  const client = await provider.Client.find(String(interaction.params.client_id))
  return client?.clientName ?? String(interaction.params.client_id)
}

/** The records that the person may open with the app: all that she reaches, or the one that the app was launched for. */
async function choicesOf(
  { pool, clock, nameOf }: SmartOptions,
  { accountId = '', params }: Interaction,
): Promise<Choice[]> {
  const choices = await choicesFor(pool, accountId, clock(), nameOf)
  if (params.launch === undefined) return choices
  return launchedChoices(pool, accountId, choices, await launchOf(pool, params))
}

/** The page that says what an app asks for: which app, whose record, what of it. */
async function showConsent(
  options: SmartOptions,
  provider: Provider,
  reply: FastifyReply,
  interaction: Interaction,
  given: { error?: string; ticked?: readonly string[]; patient?: string | undefined } = {},
): Promise<FastifyReply> {
  const { config, pool } = options
  const scopes = scopesOf(interaction)
  const person = await findActivePerson(pool, interaction.accountId ?? '')
  const choices = needsPatient(scopes) ? await choicesOf(options, interaction) : []
  const app = await appName(provider, interaction)
  const values = { app, person: person?.name, uri: interaction.params.redirect_uri }
  if (needsPatient(scopes) && choices.length === 0) {
    return sendPage(reply, config, 'nobody', interaction.uid, values)
  }
  const ticks = ticksFor(scopes)
  return sendPage(
    reply,
    config,
    'consent',
    interaction.uid,
    {
      ...values,
      ...given,
      choices,
      chosen: given.patient ?? choices[0]?.patient,
      record: ticks.filter(tick => tick.topic !== 'offline' && tick.topic !== 'sign-in'),
      others: ticks.filter(tick => tick.topic === 'offline' || tick.topic === 'sign-in'),
      ticked: given.ticked ?? ticks.map(tick => tick.scope),
    },
    given.error === undefined ? 200 : 400,
  )
}

async function allow(
  options: SmartOptions,
  provider: Provider,
  interaction: Interaction,
  chosen: Choice | undefined,
  decision: NonNullable<ReturnType<typeof decide>>,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { config, pool } = options
  const accountId = String(interaction.accountId)
  const clientId = String(interaction.params.client_id)
  const grant = new provider.Grant({ accountId, clientId })
  const { granted, refused, oidc } = decision
  if (oidc.granted.length > 0) grant.addOIDCScope(oidc.granted.join(' '))
  if (oidc.refused.length > 0) grant.rejectOIDCScope(oidc.refused.join(' '))
  grant.addResourceScope(fhirBaseOf(config), granted.join(' '))
  if (refused.length > 0) grant.rejectResourceScope(fhirBaseOf(config), refused.join(' '))
  const grantId = await grant.save()
  await saveLaunchContext(pool, grantId, {
    person: accountId,
    clientId,
    patient: chosen?.patient,
    fhirUser: await fhirUserFor(pool, accountId, chosen),
    proxy: chosen !== undefined && !chosen.self,
    parameters,
  })
  return grantId
}

async function auditConsent(
  options: SmartOptions,
  request: FastifyRequest,
  { accountId = '', params }: Interaction,
  chosen: Choice | undefined,
  granted: readonly string[],
): Promise<void> {
  const app = String(params.client_id)
  const by = personActing(app, accountId, chosen?.patient, chosen?.self === false)
  await auditGrant(options, 'authorize', { app, by, requestId: request.id, result: { scope: granted.join(' ') } })
}

type Find = (request: FastifyRequest, reply: FastifyReply) => Promise<Interaction>

function signInRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider, find: Find): void {
  const { config, pool, clock } = options
  app.get(PATH, async (request, reply) => {
    const interaction = await find(request, reply)
    if (interaction.prompt === 'consent') return showConsent(options, provider, reply, interaction)
    return sendPage(reply, config, 'sign-in', interaction.uid, { app: await appName(provider, interaction) })
  })

  app.post(`${PATH}/sign-in`, async (request, reply) => {
    const interaction = await find(request, reply)
    const form = checkForm(config, request, interaction.uid)
    const name = (form.get('name') ?? '').trim()
    const password = (form.get('password') ?? '').slice(0, LONGEST_PASSWORD)
    const attempt = await signIn(pool, { name, password, address: request.ip, now: clock() })
    if (attempt.outcome === 'in') {
      const login = { accountId: attempt.person.id, remember: false, amr: ['pwd'] }
      return finish(provider, request, reply, { login })
    }
    const values = { app: await appName(provider, interaction), name }
    if (attempt.outcome === 'refused') {
      return sendPage(reply, config, 'sign-in', interaction.uid, { ...values, error: WRONG }, 400)
    }
    const error = `There were too many attempts with this name. Try again in ${waitInWords(attempt.seconds)}.`
    reply.header('retry-after', attempt.seconds)
    return sendPage(reply, config, 'sign-in', interaction.uid, { ...values, error }, 429)
  })
}

function consentRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider, find: Find): void {
  const { config, pool } = options
  app.post(`${PATH}/consent`, async (request, reply) => {
    const interaction = await find(request, reply)
    const form = checkForm(config, request, interaction.uid)
    if (interaction.prompt !== 'consent' || interaction.accountId === undefined) {
      return reply.redirect(`${MOUNT}/interaction/${interaction.uid}`, 303)
    }
    const scopes = scopesOf(interaction)
    const ticked = form.getAll('scope')
    const patient = form.get('patient') ?? undefined
    const decision = decide(scopes, ticked)
    const choices = needsPatient(scopes) ? await choicesOf(options, interaction) : []
    const chosen = choices.find(each => each.patient === patient)
    const again = (error: string) => showConsent(options, provider, reply, interaction, { error, ticked, patient })
    if (needsPatient(scopes) && !chosen) return again(NOBODY_CHOSEN)
    if (!decision) return again(NOTHING_TICKED)
    const launch = await launchOf(pool, interaction.params)
    const { launch: handle } = interaction.params
    if (typeof handle === 'string' && !(await useLaunch(pool, handle))) return finish(provider, request, reply, USED)
    const grantId = await allow(options, provider, interaction, chosen, decision, launch?.parameters)
    await auditConsent(options, request, interaction, chosen, decision.granted)
    return finish(provider, request, reply, { consent: { grantId } })
  })

  app.post(`${PATH}/refuse`, async (request, reply) => {
    const { uid } = await find(request, reply)
    checkForm(config, request, uid)
    return finish(provider, request, reply, DENIED)
  })

  // "Not you?": signs out and begins again with the same request.
  app.post(`${PATH}/switch`, async (request, reply) => {
    const { uid, params, sessionUid } = await find(request, reply)
    checkForm(config, request, uid)
    if (sessionUid !== undefined) await destroySession(pool, sessionUid)
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
}
