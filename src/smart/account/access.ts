import { createHmac } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { closed, lineOf, record } from '../../store/audit.ts'
import { clientNames } from '../../store/clients.ts'
import { personNames } from '../../store/people.ts'
import { accessesOf, type RecordAccess } from '../../store/record-access.ts'
import { type Offer, offersFor } from '../consent.ts'
import { derive } from '../keys.ts'
import { sendPage } from '../send-page.ts'
import { ACCOUNT, type SmartOptions } from '../settings.ts'
import { personActing } from '../trail.ts'
import { catchUp } from './reading.ts'
import { formsOf, onlySignedIn, type SignedIn } from './session.ts'
import { pageOf, visitsOf } from './visits.ts'

const ON_A_PAGE = 20
const MOST_ROWS = 2_000
const HOUR = /^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/

/** Whose list a person may see: her own, and that of whoever has let her act in everything. */
const mayBeSeen = ({ self, topics }: Offer): boolean => self || topics.includes('*')

/** A record in an address: good in this session only, and nothing that names anybody. */
const keyOf = ({ config }: SmartOptions, { id }: SignedIn, { patient }: Offer): string =>
  createHmac('sha256', derive(config.secret, 'record in an address'))
    .update(`${id} ${patient}`)
    .digest('hex')
    .slice(0, 16)

async function namesIn({ pool }: SmartOptions, accesses: readonly RecordAccess[]) {
  const people = accesses.filter(({ actor }) => actor !== 'engine').map(({ person }) => person)
  return {
    people: await personNames(pool, [...new Set(people)]),
    clients: await clientNames(pool, [...new Set(accesses.map(({ client }) => client))]),
  }
}

async function auditView(
  { pool, clock }: SmartOptions,
  { id: requestId }: FastifyRequest,
  { person }: SignedIn,
  { patient, self }: Offer,
): Promise<void> {
  const grant = personActing('account', person, patient, !self)
  const access = { grant, requestId, interaction: 'list-accesses', what: `Patient/${patient}` }
  await record(pool, closed(lineOf(access, clock()), {}))
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Who looked at my record: from the audit record, by the hour. */
export function accessRoutes(app: FastifyInstance, options: SmartOptions): void {
  const { config, pool, clock, nameOf } = options
  app.get(
    `${ACCOUNT}/access`,
    onlySignedIn(options, 'access', async (request, reply, session) => {
      const asked = request.query as { of?: unknown; before?: unknown }
      const offers = (await offersFor(pool, session.person, clock(), nameOf)).filter(mayBeSeen)
      const records = offers.map(offer => ({ ...offer, key: keyOf(options, session, offer) }))
      const chosen = records.find(({ key }) => key === asked.of) ?? records[0]
      const page = { person: session.name, here: 'access', records, chosen }
      if (!chosen) return sendPage(reply, config, 'access', formsOf(session.id), page)
      await auditView(options, request, session, chosen)
      await catchUp(pool, request.log)
      const before = textOf(asked.before)
      const from = before !== undefined && HOUR.test(before) ? before : undefined
      const found = await accessesOf(pool, chosen.patient, clock(), { before: from, most: MOST_ROWS })
      const { shown, next } = pageOf(found, found.length < MOST_ROWS, ON_A_PAGE)
      const whose = chosen.self ? undefined : chosen.name
      const days = visitsOf(shown, { ...(await namesIn(options, shown)), reader: session.person, whose })
      const values = { ...page, days, next, isFirst: from === undefined }
      return sendPage(reply, config, 'access', formsOf(session.id), values)
    }),
  )
}
