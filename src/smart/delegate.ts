import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { MOUNT, type SmartConfig } from './settings.ts'

/** What hands a request over to the provider. */
export type Delegate = (request: FastifyRequest, reply: FastifyReply, as?: { path?: string; body?: string }) => void

/**
 * Makes the provider see the configured origin, whatever the request says. Its discovery document and the audience it
 * accepts in a client assertion are built from these headers: a forged one would make it accept assertions that were
 * made for another server.
 */
export function pinOrigin(request: IncomingMessage, config: SmartConfig): void {
  const { host, protocol } = new URL(config.baseUrl)
  request.headers.host = host
  request.headers['x-forwarded-proto'] = protocol.slice(0, -1)
  for (const name of ['x-forwarded-host', 'x-forwarded-port', 'forwarded']) delete request.headers[name]
}

/** The path and query of a request target; a target in absolute form (RFC 9112 section 3.2.2) names a host as well. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target
  const url = URL.parse(target)
  return url ? url.pathname + url.search : '/'
}

/** What the provider says of none of its own pages: that they are not for frames. It adds its scripts to the policy itself. */
const NO_FRAMES = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; script-src; base-uri 'none'; frame-ancestors 'none'",
}

/**
 * Hands requests to the provider, mounted below `/oauth2`. The provider finds out where it is mounted by comparing
 * `url` with `originalUrl`; a body that was read already is taken from `body`.
 */
export function delegateTo(
  callback: (request: IncomingMessage, response: ServerResponse) => void,
  config: SmartConfig,
): Delegate {
  return (request, reply, { path = pathOf(request.raw.url ?? '/'), body } = {}) => {
    reply.hijack()
    const raw = request.raw
    for (const [name, value] of Object.entries(NO_FRAMES)) reply.raw.setHeader(name, value)
    // What hooks have set (the request's id) would be lost with the reply; CORS the provider decides by itself.
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined && !name.startsWith('access-control-')) reply.raw.setHeader(name, value)
    }
    pinOrigin(raw, config)
    Object.assign(raw, { originalUrl: path, url: path.slice(MOUNT.length) || '/' }, body === undefined ? {} : { body })
    callback(raw, reply.raw)
  }
}
