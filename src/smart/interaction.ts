import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors, type InteractionResults, type Provider } from 'oidc-provider'
import { pinOrigin } from './delegate.ts'
import type { Forms } from './send-page.ts'
import { MOUNT, type SmartConfig } from './settings.ts'

/** One authorization request that waits for its person: to sign in, or to consent. */
export type Interaction = {
  uid: string
  prompt: string
  /** The authorization request's parameters, as the provider checked them. */
  params: Record<string, unknown>
  accountId: string | undefined
  sessionUid: string | undefined
  /** Adds to what is requested: parts of a scope of which not all was allowed. */
  addScopes(scopes: readonly string[]): Promise<void>
}

/** Where the pages of an interaction are. */
export const INTERACTION_PATH = `${MOUNT}/interaction/:uid`

/** Finds the interaction of a request. */
export type Find = (request: FastifyRequest, reply: FastifyReply) => Promise<Interaction>

/** Finds the interaction that belongs to this browser: its cookie is signed and sent to this one path only. */
export async function findInteraction(
  provider: Provider,
  config: SmartConfig,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Interaction> {
  pinOrigin(request.raw, config)
  const details = await provider.interactionDetails(request.raw, reply.raw)
  const { uid, prompt, params, session } = details
  const { uid: asked } = request.params as { uid: string }
  if (uid !== asked) throw new errors.SessionNotFound('the interaction belongs to another page')
  const addScopes = async (scopes: readonly string[]) => {
    if (scopes.length === 0) return
    // The provider grants of what was requested only: parts of a requested scope have to be in the request too.
    details.params.scope = [params.scope, ...scopes].join(' ')
    await details.persist()
  }
  return { uid, prompt: prompt.name, params, accountId: session?.accountId, sessionUid: session?.uid, addScopes }
}

/** The forms of an interaction's pages lead back below its own path. */
export const formsOf = (uid: string): Forms => ({ base: `${MOUNT}/interaction/${uid}`, subject: uid })

/** Ends the interaction with a result: the browser goes back to the provider, which goes on from there. */
export async function finish(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  result: InteractionResults,
): Promise<FastifyReply> {
  const returnTo = await provider.interactionResult(request.raw, reply.raw, result, {
    mergeWithLastSubmission: !('error' in result),
  })
  return reply.header('cache-control', 'no-store').redirect(returnTo, 303)
}
