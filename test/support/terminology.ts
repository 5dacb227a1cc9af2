import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { Json } from '../../src/fhir/types.ts'

/** What a terminology server of a test was asked. */
export type Asked = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }
type Answering = (response: ServerResponse, asked: Asked) => void

/** A terminology server that answers as the test says, on a port of its own; it is gone when the test ends. */
export async function terminology(t: Test) {
  const asked: Asked[] = []
  const known = { answer: (() => undefined) as Answering }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
    asked.push(one)
    known.answer(response, one)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(close)
  const { port } = server.address() as AddressInfo
  return {
    base: `http://127.0.0.1:${port}/fhir`,
    asked,
    close,
    answers: (answer: Answering) => {
      known.answer = answer
    },
  }
}

/** The answer of `$validate-code`. */
export const result =
  (valueBoolean: unknown, ...more: Json[]): Answering =>
  response =>
    response.end(JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean }, ...more] }))
