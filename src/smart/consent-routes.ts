import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Provider } from 'oidc-provider'
import { findChoice, lastPatient, saveChoice } from '../store/choices.ts'
import { useLaunch } from '../store/launches.ts'
import { findActivePerson } from '../store/people.ts'
import { saveLaunchContext } from '../store/tokens.ts'
import { appOf } from './asking-app.ts'
import { fhirUserFor, needsPatient, type Offer, offersFor, ticksWithin } from './consent.ts'
import { checkForm } from './forms.ts'
import { type Find, finish, formsOf, INTERACTION_PATH, type Interaction } from './interaction.ts'
import { launchedOffers, launchOf } from './launch.ts'
import { sendPage } from './send-page.ts'
import { fhirBaseOf, MOUNT, type SmartOptions } from './settings.ts'
import { type Decision, decide, prefilled, type Tick } from './ticks.ts'
import { auditGrant, personActing } from './trail.ts'

const NOTHING_TICKED = 'Tick at least one part of the record, or do not allow the app'
const NOBODY_CHOSEN = 'Choose whose record the app may open'
const USED = { error: 'invalid_request', error_description: 'launch was used before' }
const NOTHING = { error: 'access_denied', error_description: 'nothing was allowed' }
const OIDC = new Set(['openid', 'fhirUser', 'offline_access'])

/** What a consent page is about: who decides, over which scopes, for whose record. */
type Consent = {
  interaction: Interaction
  person: string
  clientId: string
  scopes: readonly string[]
  offers: readonly Offer[]
  /** The record that is meant; undefined where no record is needed, or where it has to be chosen first. */
  chosen: Offer | undefined
  /** The resource that represents the person in this launch, if one does. */
  fhirUser: string | undefined
}

/** The records that the person may open with the app: all that she reaches, or the one that the app was launched for. */
async function offersOf(
  { pool, clock, nameOf }: SmartOptions,
  { accountId = '', params }: Interaction,
): Promise<Offer[]> {
  const offers = await offersFor(pool, accountId, clock(), nameOf)
  if (params.launch === undefined) return offers
  return launchedOffers(pool, accountId, offers, await launchOf(pool, params))
}

async function consentOf(options: SmartOptions, interaction: Interaction, patient: string | null): Promise<Consent> {
  const scopes = String(interaction.params.scope ?? '').split(' ')
  const person = interaction.accountId ?? ''
  const offers = needsPatient(scopes) ? await offersOf(options, interaction) : []
  const chosen = offers.length === 1 ? offers[0] : offers.find(offer => offer.patient === patient)
  const fhirUser = await fhirUserFor(options.pool, person, chosen)
  return { interaction, person, clientId: String(interaction.params.client_id), scopes, offers, chosen, fhirUser }
}

/** What is asked; of whom no resource represents, not whether the app may know which one that is. */
const ticksOf = ({ scopes, chosen, fhirUser }: Consent): Tick[] =>
  ticksWithin(scopes, chosen).filter(({ id }) => id !== 'fhirUser' || fhirUser !== undefined)

type Given = { error?: string; ticked?: readonly string[] }

/** The page that says what an app asks for: which app, whose record, what of it. */
async function askConsent(
  options: SmartOptions,
  provider: Provider,
  reply: FastifyReply,
  consent: Consent,
  { error, ticked }: Given = {},
): Promise<FastifyReply> {
  const { interaction, person, clientId, offers, chosen, scopes } = consent
  const { config, pool } = options
  const last = await findChoice(pool, { person, clientId, patient: chosen?.patient })
  const ticks = prefilled(ticksOf(consent), last).map(tick =>
    ticked === undefined ? tick : { ...tick, isTicked: ticked.includes(tick.id) },
  )
  const of = (kind: Tick['kind']) => ticks.filter(tick => tick.kind === kind)
  const nothing = needsPatient(scopes) && of('see').length + of('change').length === 0
  const values = {
    app: await appOf(provider, interaction.params),
    person: (await findActivePerson(pool, person))?.name,
    chosen,
    several: offers.length > 1,
    asksForAll: scopes.some(scope => scope.startsWith('patient/*.')),
    see: of('see'),
    change: of('change'),
    also: of('also'),
    returning: last !== undefined,
    error,
  }
  const page = nothing ? 'nothing' : 'consent'
  return sendPage(reply, config, page, formsOf(interaction.uid), values, error === undefined ? 200 : 400)
}

async function askPerson(
  options: SmartOptions,
  provider: Provider,
  reply: FastifyReply,
  { interaction, person, clientId, offers }: Consent,
  error?: string,
): Promise<FastifyReply> {
  const { config, pool } = options
  const last = await lastPatient(pool, person, clientId)
  const values = {
    app: await appOf(provider, interaction.params),
    person: (await findActivePerson(pool, person))?.name,
    offers,
    chosen: last,
    error,
  }
  const page = offers.length === 0 ? 'nobody' : 'person'
  return sendPage(reply, config, page, formsOf(interaction.uid), values, error === undefined ? 200 : 400)
}

/** The page of a signed-in person: whose record first, where there are several; then what of it. */
export async function showConsent(
  options: SmartOptions,
  provider: Provider,
  reply: FastifyReply,
  interaction: Interaction,
): Promise<FastifyReply> {
  const consent = await consentOf(options, interaction, null)
  if (needsPatient(consent.scopes) && !consent.chosen) return askPerson(options, provider, reply, consent)
  return askConsent(options, provider, reply, consent)
}

const oidcOnly = (scopes: readonly string[]): string => scopes.filter(scope => OIDC.has(scope)).join(' ')

async function allow(
  options: SmartOptions,
  provider: Provider,
  { person, clientId, chosen, fhirUser }: Consent,
  { granted, refused }: Decision,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const base = fhirBaseOf(options.config)
  const grant = new provider.Grant({ accountId: person, clientId })
  if (oidcOnly(granted) !== '') grant.addOIDCScope(oidcOnly(granted))
  if (oidcOnly(refused) !== '') grant.rejectOIDCScope(oidcOnly(refused))
  grant.addResourceScope(base, granted.join(' '))
  if (refused.length > 0) grant.rejectResourceScope(base, refused.join(' '))
  const grantId = await grant.save()
  await saveLaunchContext(options.pool, grantId, {
    person,
    clientId,
    patient: chosen?.patient,
    fhirUser,
    proxy: chosen !== undefined && !chosen.self,
    parameters,
  })
  return grantId
}

async function auditConsent(
  options: SmartOptions,
  request: FastifyRequest,
  { clientId: app, person, chosen }: Consent,
  granted: readonly string[],
): Promise<void> {
  const by = personActing(app, person, chosen?.patient, chosen?.self === false)
  await auditGrant(options, 'authorize', { app, by, requestId: request.id, result: { scope: granted.join(' ') } })
}

async function remember(options: SmartOptions, consent: Consent, ticked: readonly string[]): Promise<void> {
  const { person, clientId, chosen } = consent
  const ticks = ticksOf(consent)
  const keysOf = (some: readonly Tick[]) => some.map(({ key }) => key)
  const choice = { asked: keysOf(ticks), ticked: keysOf(ticks.filter(({ id }) => ticked.includes(id))) }
  await saveChoice(options.pool, { person, clientId, patient: chosen?.patient }, choice, options.clock())
}

/** Choosing whose record, and what of it. */
export function consentRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider, find: Find): void {
  app.post(`${INTERACTION_PATH}/person`, async (request, reply) => {
    const interaction = await find(request, reply)
    const form = checkForm(options.config, request, interaction.uid)
    if (interaction.prompt !== 'consent') return reply.redirect(`${MOUNT}/interaction/${interaction.uid}`, 303)
    const consent = await consentOf(options, interaction, form.get('patient'))
    if (!consent.chosen) return askPerson(options, provider, reply, consent, NOBODY_CHOSEN)
    return askConsent(options, provider, reply, consent)
  })

  app.post(`${INTERACTION_PATH}/consent`, async (request, reply) => {
    const interaction = await find(request, reply)
    const form = checkForm(options.config, request, interaction.uid)
    if (interaction.prompt !== 'consent' || interaction.accountId === undefined) {
      return reply.redirect(`${MOUNT}/interaction/${interaction.uid}`, 303)
    }
    const patient = form.get('patient')
    const consent = await consentOf(options, interaction, patient)
    const { scopes, chosen } = consent
    if (needsPatient(scopes) && chosen?.patient !== patient) {
      return askPerson(options, provider, reply, consent, NOBODY_CHOSEN)
    }
    const offered = new Set(ticksOf(consent).map(({ id }) => id))
    const ticked = form.getAll('scope').filter(id => offered.has(id))
    const decision = decide(scopes, ticked)
    if (!decision) return askConsent(options, provider, reply, consent, { error: NOTHING_TICKED, ticked })
    if (decision.granted.length === 0) return finish(provider, request, reply, NOTHING)
    const launch = await launchOf(options.pool, interaction.params)
    const { launch: handle } = interaction.params
    if (typeof handle === 'string' && !(await useLaunch(options.pool, handle)))
      return finish(provider, request, reply, USED)
    await interaction.addScopes(decision.added)
    const grantId = await allow(options, provider, consent, decision, launch?.parameters)
    await auditConsent(options, request, consent, decision.granted)
    await remember(options, consent, ticked)
    return finish(provider, request, reply, { consent: { grantId } })
  })
}
