import type { FastifyInstance, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'

/** Whether PostgreSQL can keep a text: it has no NUL, and JSON no half of a surrogate pair. */
const isStorable = (text: string): boolean => !text.includes('\0') && !/\p{Surrogate}/u.test(text)

/** Deeper than anything that is sent here: what goes down into it would not come back. */
const MOST_DEPTH = 64

const isStorableJson = (value: unknown, depth = 0): boolean => {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth === MOST_DEPTH) throw new errors.InvalidRequest(`the body nests deeper than ${MOST_DEPTH} levels`)
  return Object.entries(value).every(([name, each]) => isStorable(name) && isStorableJson(each, depth + 1))
}

// In an address or a form NUL is written %00, whatever it is part of.
const isStorableForm = (text: string): boolean => !/%00|\0/.test(text)

const isGood = ({ raw, body }: FastifyRequest): boolean =>
  isStorableForm(raw.url ?? '') && (typeof body === 'string' ? isStorableForm(body) : isStorableJson(body))

/**
 * Refuses what the database could not keep, before any of it is used: an error from there would be ours.
 * @throws InvalidRequest 400
 */
export function refuseUnstorable(app: FastifyInstance): void {
  app.addHook('preHandler', async request => {
    if (!isGood(request)) throw new errors.InvalidRequest('the request has a character that is none in any text')
  })
}
