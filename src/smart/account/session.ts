import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type AccountSession,
  beginSession,
  endSession,
  type Lifetime,
  useSession,
} from '../../store/account-sessions.ts'
import type { Forms } from '../send-page.ts'
import { ACCOUNT, type SmartConfig, type SmartOptions } from '../settings.ts'

/** Ten minutes without a request, as the NHS App asks of portals, and twelve hours in all. */
export const LIFETIME: Lifetime = { idle: 10 * 60, longest: 12 * 60 * 60 }

const isHttps = ({ baseUrl }: SmartConfig): boolean => baseUrl.startsWith('https:')

// With this prefix a browser takes the cookie from this very host only, not from another one of its domain (RFC 6265bis).
const cookieName = (config: SmartConfig): string => (isHttps(config) ? '__Host-portico' : 'portico')

/** The identifier that the browser carries; none if it carries two, one of which somebody else has put there. */
export function browserId(request: Pick<FastifyRequest, 'headers'>, config: SmartConfig): string | undefined {
  const name = `${cookieName(config)}=`
  const found = (request.headers.cookie ?? '').split(/; */).filter(pair => pair.startsWith(name))
  const [id] = found.map(pair => pair.slice(name.length))
  return found.length === 1 && id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
}

/** Gives the browser a new identifier: before a sign-in, and another one with it. */
export function giveBrowserId(reply: FastifyReply, config: SmartConfig): string {
  const id = randomBytes(32).toString('base64url')
  const secure = isHttps(config) ? '; Secure' : ''
  reply.header('set-cookie', `${cookieName(config)}=${id}; Path=/; HttpOnly; SameSite=Lax${secure}`)
  return id
}

/** The Set-Cookie that takes the identifier from the browser. */
export function withoutBrowserId(config: SmartConfig): string {
  const secure = isHttps(config) ? '; Secure' : ''
  return `${cookieName(config)}=; Path=/; HttpOnly; SameSite=Lax${secure}; Max-Age=0`
}

/** Somebody who is signed in. */
export type SignedIn = AccountSession & { readonly id: string }

/** Finds who is signed in. */
export async function signedIn(request: FastifyRequest, options: SmartOptions): Promise<SignedIn | undefined> {
  const id = browserId(request, options.config)
  const session = id && (await useSession(options.pool, id, options.clock(), LIFETIME))
  return session ? { ...session, id } : undefined
}

/** Answers a request of somebody who is signed in. */
export type Handler = (request: FastifyRequest, reply: FastifyReply, session: SignedIn) => Promise<FastifyReply>

/** Lets only those in who are signed in; others sign in first, and come back to the page, not to the form. */
export const onlySignedIn =
  (options: SmartOptions, page: string, handler: Handler) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const session = await signedIn(request, options)
    if (session) return handler(request, reply, session)
    return reply.header('cache-control', 'no-store').redirect(`${ACCOUNT}/sign-in?to=${page}`, 303)
  }

/** Signs a person in: under a new identifier, for the one that the browser came with may be known to somebody else. */
export async function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  { config, pool, clock }: SmartOptions,
  person: string,
): Promise<void> {
  const before = browserId(request, config)
  if (before !== undefined) await endSession(pool, before)
  await beginSession(pool, giveBrowserId(reply, config), person, clock())
}

/** What the forms of a browser belong to. */
export const subjectOf = (id: string): string => `account ${id}`

/** The forms of the account's pages. */
export const formsOf = (id: string): Forms => ({ base: ACCOUNT, subject: subjectOf(id) })
