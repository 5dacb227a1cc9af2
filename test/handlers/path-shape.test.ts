// A path means the same however it is escaped, and an escape is taken away once.
import t from 'tap'
import { client, store } from '../support/client.ts'
import { observation, patient } from '../support/made.ts'
import { rawRequest } from '../support/raw-request.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const token = await engineToken(s)
await store(client(s, token), [patient('alice'), observation('value', 'alice')])

const ask = async (path: string, method = 'GET'): Promise<[status: number, text: string]> => {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' }
  const { status, text } = await rawRequest(s, path, { method, headers })
  return [status, text.replaceAll(/"lastUpdated":"[^"]*"/g, '')]
}

t.test('a path is read the same with and without needless escapes', async t => {
  verifies('fhir-rest', 'REST-95')
  const same: [plain: string, escaped: string][] = [
    ['/fhir/Patient/alice', '/fhir/%50atient/%61lice'],
    ['/fhir/Patient/alice', '/%66hir/Patient/alice'],
    ['/fhir/Patient/alice/_history', '/fhir/Patient/alice/%5Fhistory'],
    ['/fhir/Patient/alice/_history/1', '/fhir/Patient/alice/_history/%31'],
    ['/fhir/Patient/alice/$everything', '/fhir/Patient/alice/%24everything'],
    ['/fhir/Patient/alice/$everything', '/fhir/Patient/%61lice/%24%65verything'],
    ['/fhir/$meta', '/fhir/%24meta'],
    ['/fhir/Patient/alice/Observation', '/fhir/Patient/alice/%4Fbservation'],
    ['/fhir/Patient/alice/*', '/fhir/Patient/alice/%2A'],
    ['/fhir/metadata', '/fhir/%6Detadata'],
  ]
  for (const [plain, escaped] of same) {
    const [status, text] = await ask(plain)
    t.equal(status, 200, plain)
    t.same(await ask(escaped), [status, text], escaped)
  }
  t.equal((await ask('/fhir/Patient/alice/%24meta-add'))[0], 405, 'and so is what is refused')
  t.equal((await ask('/fhir/Patient/alice/%24everything', 'DELETE'))[0], 405)
})

t.test('what was escaped twice is nothing that is there, and dots lead nowhere', async t => {
  verifies('fhir-rest', 'REST-95')
  const nowhere = [
    '/fhir/Patient/alice/%2524everything',
    '/fhir/%2550atient/alice',
    '/fhir/Patient/%2561lice',
    '/fhir/Patient%2Falice',
    '/fhir/Patient%252Falice',
    '/fhir/Patient/bob/../alice',
    '/fhir/Patient/bob/%2E%2E/alice',
    '/fhir/Patient/bob/..%2Falice',
    '/fhir/Patient/%2e%2e/Patient/alice',
    '/fhir//Patient/alice',
    '/fhir/Patient//alice',
    '/fhir/Patient/alice%00',
    '/fhir/Patient/alice%0A',
    '/fhir/Patient/alice;x=1',
    '/fhir/Patient/alice%3F_summary=true',
  ]
  for (const path of nowhere) {
    const [status, text] = await ask(path)
    t.equal(status, 404, `${path} ${text.slice(0, 200)}`)
    t.match(text, /"resourceType":"OperationOutcome"/, path)
  }
  t.equal((await ask('/fhir/Patient?name=%24everything'))[0], 200, 'a query is what it was')
})

t.test('a path whose escapes are broken is refused', async t => {
  verifies('fhir-rest', 'REST-95')
  for (const path of ['/fhir/Patient/%', '/fhir/Patient/%zz', '/fhir/Patient/%ff', '/fhir/Patient/%c3%28']) {
    const [status, text] = await ask(path)
    t.equal(status, 400, path)
    t.match(text, /OperationOutcome.*%25/, path)
  }
})

t.test('an operation that is not there is not found by any method, with those that are', async t => {
  verifies('fhir-rest', 'REST-6', 'REST-95')
  const cases: [path: string, right: RegExp][] = [
    ['/fhir/Patient/$everthing', /Did you mean \$everything\?/],
    ['/fhir/Patient/%24match', /\$everything, \$meta, \$validate/],
    ['/fhir/Observation/$everything', /\$lastn/],
    ['/fhir/Patient/$meta-add', /\$meta,/],
    ['/fhir/Patient/alice/$lastn', /\$everything, \$meta, \$meta-add/],
    ['/fhir/$export', /\$meta/],
    ['/fhir/CodeSystem/$lookup', /\$validate-code/],
    ['/fhir/Nonsense/$validate', /no operation \$validate here/],
  ]
  for (const [path, right] of cases)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      const [status, text] = await ask(path, method)
      t.equal(status, 404, `${method} ${path} ${text.slice(0, 200)}`)
      if (method !== 'OPTIONS') t.match(text, right, `${method} ${path}`)
    }
  t.equal((await ask('/fhir/Patient/$everything', 'PUT'))[0], 405, 'one that is there has methods')
})

t.test('a method that is not possible is refused with those that are, however the path is escaped', async t => {
  verifies('fhir-rest', 'REST-6')
  for (const path of ['/fhir/Patient/alice', '/fhir/%50atient/alice', '/fhir/%50atient/%61lice/'])
    for (const method of ['POST', 'OPTIONS', 'PROPFIND']) {
      const headers = { authorization: `Bearer ${token}` }
      const reply = await rawRequest(s, path, { method, headers })
      t.match(reply, { status: 405, headers: { allow: 'GET, HEAD, PUT, PATCH, DELETE' } }, `${method} ${path}`)
    }
  for (const path of ['/fhir/Nonsense', '/fhir/Patient%2Falice', '/fhir/a/b/c/d'])
    for (const method of ['OPTIONS', 'PROPFIND']) t.equal((await ask(path, method))[0], 404, `${method} ${path}`)
  for (const path of ['/fhir/x#%/alice', '/fhir/x#%/$meta'])
    for (const method of ['GET', 'PUT', 'PROPFIND']) {
      const [status, text] = await ask(path, method)
      t.ok(status >= 400 && status < 500, `${method} ${path} ${status}`)
      t.match(text, 'OperationOutcome')
    }
  for (const path of ['/fhir/%zz', '/fhir/x/%c3%28', '/fhir/x/%zz/$y', '/fhir/%ff/$meta'])
    for (const method of ['GET', 'POST', 'OPTIONS', 'PROPFIND']) {
      const [status, text] = await ask(path, method)
      t.equal(status, 400, `${method} ${path}`)
      t.match(text, 'OperationOutcome')
    }
})
