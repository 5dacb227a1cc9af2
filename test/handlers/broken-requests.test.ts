// What is no HTTP request reaches no handler: it is answered as an OperationOutcome too, and the connection ends.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import t, { type Test } from 'tap'
import { REQUEST_TIMEOUT, refuseBroken } from '../../src/handlers/broken-requests.ts'
import { client } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const token = await engineToken(s)
const engine = client(s, token)
const port = Number(new URL(s.baseUrl).port)

/** Writes these bytes to a connection; all that comes back until it is closed. */
async function spoken(text: string, to = port): Promise<string> {
  const socket = connect(to, '127.0.0.1')
  const parts: Buffer[] = []
  socket.on('data', part => parts.push(part))
  socket.write(text)
  await once(socket, 'close')
  return Buffer.concat(parts).toString()
}

/** Answers, one after the other, as status, headers and body, by their framing. */
function answersIn(text: string): { status: number; head: string; body: string }[] {
  if (text === '') return []
  const end = text.indexOf('\r\n\r\n') + 4
  const head = text.slice(0, end)
  const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1])
  const body = text.slice(end, end + length)
  return [{ status: Number(head.split(' ')[1]), head, body }, ...answersIn(text.slice(end + length))]
}

const SECRET = 'Jane-Doe-9434765919'

function refused(t: Test, text: string, status: number, code: string): void {
  const [answer, ...more] = answersIn(text)
  t.same(more, [], 'nothing follows')
  t.equal(answer?.status, status, text)
  t.match(answer?.head, /^content-type: application\/fhir\+json; charset=utf-8\r$/im)
  t.match(answer?.head, /^connection: close\r$/im)
  t.match(answer?.head, /^date: .* GMT\r$/im)
  t.match(answer?.head, /^x-request-id: \S+\r$/im)
  t.match(JSON.parse(answer?.body ?? ''), { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] })
  t.notMatch(text, SECRET, 'nothing of the request')
}

t.test('what is no HTTP is 400', async t => {
  verifies('fhir-rest', 'REST-109')
  for (const text of [
    `${SECRET}\r\n\r\n`,
    `GET /fhir/Patient?name=${SECRET} HTTP/9.9\r\n\r\n`,
    `GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n${SECRET} no colon\r\n\r\n`,
    `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n${SECRET}`,
    `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: ${SECRET}\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])
    refused(t, await spoken(text), 400, 'invalid')
})

t.test('headers that are too large are 431', async t => {
  verifies('fhir-rest', 'REST-109')
  const headers = `X-Large: ${SECRET}${'x'.repeat(70_000)}\r\n`
  refused(t, await spoken(`GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n${headers}\r\n`), 431, 'too-long')
})

t.test('a client that is still sending its headers can read the answer', async t => {
  refused(t, await spoken(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(2_000_000)}\r\n\r\n`), 431, 'too-long')
})

t.test('a request without a host is 400, wherever it goes', async t => {
  for (const path of ['/fhir/metadata', '/oauth2/jwks', '/nowhere'])
    refused(t, await spoken(`GET ${path} HTTP/1.1\r\n\r\n`), 400, 'required')
  t.match(await spoken('GET /fhir/metadata HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 /, 'HTTP/1.0 had none')
})

t.test('a body that breaks off in the middle of a chunk is 400, and nothing is stored', async t => {
  const head = `POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/fhir+json\r\n`
  const text = await spoken(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"res\r\n${SECRET}\r\n`)
  refused(t, text, 400, 'invalid')
  t.equal((await engine('/Patient?_summary=count')).json.total, 0)
})

t.test('who sent a whole request before gets its answer first', async t => {
  const good = 'GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n'
  const answers = answersIn(await spoken(`${good}${good}${SECRET}\r\n\r\n`))
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 400],
  )
  t.match(answers[0]?.body, /CapabilityStatement/)
})

t.test('a request that does not arrive in time is 408', async t => {
  verifies('fhir-rest', 'REST-109')
  t.equal(s.app.server.requestTimeout, REQUEST_TIMEOUT)
  const limits = { requestTimeout: 1, headersTimeout: 1, connectionsCheckingInterval: 1 }
  const slow = createServer(limits, (_request, response) => response.end()).on('clientError', refuseBroken)
  slow.listen(0, '127.0.0.1')
  await once(slow, 'listening')
  t.teardown(() => slow.close())
  const { port: to } = slow.address() as AddressInfo
  refused(t, await spoken('GET /fhir/metadata HTTP/1.1\r\n', to), 408, 'timeout')
})

t.test('the server goes on after what was broken', async t => {
  await spoken(`${SECRET}\r\n\r\n`)
  const reply = await new Promise<number | undefined>((resolve, reject) => {
    request({ port, path: '/fhir/metadata' }, answer => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end()
  })
  t.equal(reply, 200)
})
