import { randomUUID } from 'node:crypto'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { invalid, outcome } from '../fhir/outcome.ts'
import type { IssueType } from '../fhir/types.ts'
import { sendError } from './errors.ts'
import { FHIR_JSON } from './negotiate.ts'

/** How long a request may take to arrive, https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9 */
export const REQUEST_TIMEOUT = 300_000

/** A client that is still sending would lose the answer with the connection: so long it is given to read it. */
const LINGER = 1000

type Fault = readonly [status: number, code: IssueType, text: string]

const NO_HTTP: Fault = [400, 'invalid', 'The request is not HTTP/1.1 as RFC 9112 has it']
const FAULTS: Readonly<Record<string, Fault>> = {
  HPE_HEADER_OVERFLOW: [431, 'too-long', 'The address and the headers are larger than this server takes'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too-long', 'The extensions of the chunks are larger than this server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'The request did not arrive in time: send it again'],
}

/** A whole answer as it goes over the wire. It repeats nothing of the request, which nobody has read. */
function answerTo({ code }: NodeJS.ErrnoException): string {
  const [status, type, text] = FAULTS[code ?? ''] ?? NO_HTTP
  const body = JSON.stringify(outcome([{ severity: 'error', code: type, text }]))
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
    'Cache-Control: no-store',
    `X-Request-Id: ${randomUUID()}`,
    `Content-Type: ${FHIR_JSON}; charset=utf-8`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** The last request of each connection that was understood, by its response. */
const latest = new WeakMap<Socket, ServerResponse>()
const refused = new WeakSet<Socket>()

function close(socket: Socket, text: string): void {
  if (!socket.writable) return
  socket.end(text)
  setTimeout(() => socket.destroy(), LINGER).unref()
}

/**
 * Answers what Node cannot read as a request with an OperationOutcome, and ends the connection: what follows on it cannot be
 * read either. https://www.rfc-editor.org/rfc/rfc9112#section-2.2
 */
export function refuseBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (refused.has(socket)) return
  refused.add(socket)
  const last = latest.get(socket)
  const text = answerTo(error)
  if (!last || last.writableFinished) close(socket, text)
  // Whoever has sent a whole request before gets its answer first: this one would be taken for it.
  else if (last.req.complete) last.once('finish', () => close(socket, text))
  // The body of the request itself is broken, or stopped to come.
  else if (last.headersSent || last.socket !== socket) socket.destroy()
  else close(socket, text)
}

/** Remembers what each connection waits for, and refuses requests without a host in FHIR's words, too. */
export function watchConnections(app: FastifyInstance): void {
  app.server.prependListener('request', (request, response) => latest.set(request.socket, response))
  app.addHook('onRequest', (request, reply, done) => {
    const { headers, httpVersion } = request.raw
    if (headers.host !== undefined || httpVersion === '1.0') return done()
    // https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    reply.header('connection', 'close')
    sendError(
      invalid('A request has to name its host: the Host header is missing', undefined, 'required'),
      request,
      reply,
    )
  })
}
