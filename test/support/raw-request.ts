import { request } from 'node:http'
import type { TestServer } from './server.ts'

export type RawReply = { readonly status: number; readonly headers: Record<string, unknown>; readonly text: string }

type Raw = { method?: string; headers?: Record<string, string>; body?: string | Buffer }

/** Sends a request as it is written: `fetch` would mend a broken path, and always sends some Accept and Content-Type. */
export function rawRequest({ baseUrl }: Pick<TestServer, 'baseUrl'>, path: string, raw: Raw = {}): Promise<RawReply> {
  const { hostname, port } = new URL(baseUrl)
  const { method = 'GET', headers = {}, body } = raw
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sent = request({ hostname, port, path, method, agent: false, headers: { ...length, ...headers } }, reply => {
      const parts: Buffer[] = []
      reply.on('data', part => parts.push(part))
      reply.on('end', () =>
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers,
          text: Buffer.concat(parts).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
