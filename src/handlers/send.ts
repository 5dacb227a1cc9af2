import type { FastifyReply } from 'fastify'
import { isPretty } from './negotiate.ts'
import type { OperationAnswer } from './operations/operation.ts'

/**
 * Sends what an interaction or operation answers, as JSON of the media type that was negotiated. Bytes that are wanted in
 * lines become text first: lines are made of text (https://hl7.org/fhir/R4/http.html#pretty).
 */
export function send(reply: FastifyReply, type: string, { status, headers, body }: OperationAnswer): FastifyReply {
  reply.code(status).headers(headers)
  if (body === undefined) return reply.send()
  const isForLines = Buffer.isBuffer(body) && isPretty(reply.request)
  return reply.type(`${type}; charset=utf-8`).send(isForLines ? body.toString() : body)
}
