import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { noteForSession } from '../../store/account-sessions.ts'
import { type AllowedApp, allowedApps, type TakenBack, takeBack } from '../../store/allowed-apps.ts'
import { actorsOf } from '../../store/people.ts'
import { lastUses } from '../../store/record-access.ts'
import { checkForm } from '../forms.ts'
import { grantedInWords } from '../granted-words.ts'
import { sendPage } from '../send-page.ts'
import { ACCOUNT, fhirBaseOf, type SmartOptions } from '../settings.ts'
import { dayAndTimeOf } from '../times.ts'
import { auditGrant, personActing } from '../trail.ts'
import { catchUp } from './reading.ts'
import { formsOf, onlySignedIn, type SignedIn, subjectOf } from './session.ts'

/** Whose record it is, by name; undefined for the own one. */
const whoseOf = ({ patient }: AllowedApp, actors: readonly string[], names: ReadonlyMap<string, string> | undefined) =>
  patient === undefined || actors.includes(`Patient/${patient}`) ? undefined : (names?.get(patient) ?? patient)

function shown(app: AllowedApp, whose: string | undefined, lastUsed: Date | undefined) {
  const { clientId, name, maker, patient, since, ends, scopes } = app
  return {
    clientId,
    name,
    maker,
    patient,
    whose,
    ...grantedInWords(scopes, whose),
    since: dayAndTimeOf(since),
    ends: dayAndTimeOf(ends),
    lastUsed: lastUsed === undefined ? 'never' : dayAndTimeOf(lastUsed),
    isOffline: scopes.includes('offline_access'),
  }
}

async function listOf({ pool, config, nameOf }: SmartOptions, { person }: SignedIn, log: FastifyBaseLogger) {
  const apps = await allowedApps(pool, person, fhirBaseOf(config))
  const patients = [...new Set(apps.flatMap(({ patient }) => patient ?? []))]
  const names = await nameOf?.(patients)
  const actors = await actorsOf(pool, person)
  await catchUp(pool, log)
  const uses = await lastUses(pool, person)
  const lastUse = ({ clientId, patient = '' }: AllowedApp) =>
    uses.find(use => use.client === clientId && use.patient === patient)?.at
  return apps.map(app => shown(app, whoseOf(app, actors, names), lastUse(app)))
}

async function revoke(
  options: SmartOptions,
  { id: requestId }: FastifyRequest,
  { person, id }: SignedIn,
  what: TakenBack,
): Promise<void> {
  const gone = await takeBack(options.pool, person, what)
  for (const { clientId, patient, proxy } of gone) {
    const by = personActing(clientId, person, patient, proxy)
    await auditGrant(options, 'revoke', { app: clientId, by, requestId, result: { why: 'by the person' } })
  }
  // When the page says that it is gone, it is gone.
  await options.revoked?.settled()
  await noteForSession(options.pool, id, what.clientId === undefined ? 'all-revoked' : 'revoked')
}

/** Apps you have allowed: SMART 2.2 `management_endpoint`. */
export function appRoutes(app: FastifyInstance, options: SmartOptions): void {
  const { config } = options
  app.get(
    `${ACCOUNT}/apps`,
    onlySignedIn(options, 'apps', async (request, reply, session) => {
      const apps = await listOf(options, session, request.log)
      const { name, notice } = session
      return sendPage(reply, config, 'apps', formsOf(session.id), { apps, person: name, notice, here: 'apps' })
    }),
  )
  app.post(
    `${ACCOUNT}/apps/revoke`,
    onlySignedIn(options, 'apps', async (request, reply, session) => {
      const form = checkForm(config, request, subjectOf(session.id))
      const clientId = form.get('app')
      const patient = form.get('patient') || undefined
      if (clientId !== null || form.get('all') === 'yes')
        await revoke(options, request, session, clientId === null ? {} : { clientId, patient })
      return reply.header('cache-control', 'no-store').redirect(`${ACCOUNT}/apps`, 303)
    }),
  )
}
