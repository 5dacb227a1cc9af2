import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { prettyJson } from '../fhir/pretty.ts'
import { isPretty } from './negotiate.ts'
import type { OperationAnswer } from './operations/operation.ts'

/** What would be sent part by part, in lines: these are for people to read, and made of the whole. */
async function* inLines(parts: Readable): AsyncGenerator<string> {
  let text = ''
  for await (const part of parts) text += String(part)
  yield prettyJson(text)
}

/**
 * Sends what an interaction or operation answers, as JSON of the media type that was negotiated. Bytes that are wanted in
 * lines become text first: lines are made of text (https://hl7.org/fhir/R4/http.html#pretty).
 */
export function send(reply: FastifyReply, type: string, { status, headers, body }: OperationAnswer): FastifyReply {
  reply.code(status).headers(headers)
  if (body === undefined) return reply.send()
  reply.type(`${type}; charset=utf-8`)
  if (typeof body === 'string' || !isPretty(reply.request)) return reply.send(body)
  return reply.send(Buffer.isBuffer(body) ? body.toString() : Readable.from(inLines(body)))
}
