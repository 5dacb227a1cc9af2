import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** What a path takes: whoever takes GET takes HEAD. */
const withHead = (methods: ReadonlySet<string>): string[] =>
  METHODS.filter(method => methods.has(method) || (method === 'HEAD' && methods.has('GET')))

const refuseWith = (allowed: string) => async (request: FastifyRequest, reply: FastifyReply) => {
  reply.header('allow', allowed)
  throw new errors.InvalidRequest(`this address takes ${allowed}, not ${request.method}`, 405)
}

/**
 * Adds routes, and to each of their paths an answer to the methods that it does not take: 405 with `Allow`
 * (RFC 9110 section 15.5.6), in the words in which this part of the server answers errors.
 */
export async function withTheirMethods(app: FastifyInstance, addRoutes: () => unknown): Promise<void> {
  const taken = new Map<string, Set<string>>()
  let isOwn = false
  app.addHook('onRoute', ({ url, method }) => {
    if (isOwn) return
    const methods = taken.get(url) ?? new Set<string>()
    for (const each of [method].flat()) methods.add(each)
    taken.set(url, methods)
  })
  await addRoutes()
  isOwn = true
  for (const [url, methods] of taken) {
    const allowed = withHead(methods)
    const others = METHODS.filter(method => !allowed.includes(method))
    if (others.length > 0) app.route({ method: others, url, handler: refuseWith(allowed.join(', ')) })
  }
}
