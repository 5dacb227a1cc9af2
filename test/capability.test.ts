// The CapabilityStatement says what the declarations say; test/every-type.test.ts does what it claims.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { searchParametersOf } from '../src/fhir/model.ts'
import { capabilityStatement } from '../src/handlers/metadata.ts'
import { definitions } from '../src/resources/index.ts'
import { endpoints } from '../src/smart/discovery.ts'
import { validate } from '../src/validation/validate.ts'
import { client } from './support/client.ts'
import { server } from './support/server.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t)
const anybody = client(s)
const statement = (base: string) => capabilityStatement(`${base}/fhir`, endpoints({ baseUrl: base }))
const here = statement(s.baseUrl)

/** The statement as it is read from outside, where nothing is known of its types. */
const served = JSON.parse((await anybody('/metadata')).text) as typeof here
const [rest] = served.rest
// ValueSet and CodeSystem have operations only.
const resources = (rest?.resource ?? []).filter(({ interaction }) => interaction)

t.test('everybody may read it, and it is what the declarations say', async t => {
  verifies('fhir-rest', 'REST-49', 'REST-50')
  const reply = await anybody('/metadata')
  t.equal(reply.status, 200)
  t.match(reply.headers['content-type'], /^application\/fhir\+json/)
  t.same(JSON.parse(reply.text), JSON.parse(JSON.stringify(here)))
})

t.test('the committed file is what is generated now: npm run generate', async t => {
  const committed = readFileSync(new URL('../capability-statement.json', import.meta.url), 'utf8')
  t.same(JSON.parse(committed), JSON.parse(JSON.stringify(statement('https://portico.example'))))
})

t.test('it is a CapabilityStatement as R4 defines one', async t => {
  t.same(validate(served, 'CapabilityStatement').issues, [])
})

t.test('it lists every declared type once, and every parameter with the type and url of the standard', async t => {
  verifies('fhir-rest', 'REST-50')
  t.same(
    resources.map(({ type }) => type),
    [...definitions.keys()],
  )
  for (const { type = '', searchParam = [] } of resources) {
    const names = searchParam.map(({ name }) => name)
    t.same(names, [...new Set(names)], type)
    t.same([...names].sort(), ['_id', '_lastUpdated', ...Object.keys(definitions.get(type)?.search ?? {})].sort(), type)
    const described = searchParametersOf(type)
    for (const { name, type: kind, definition } of searchParam) {
      t.equal(kind, described.get(name)?.type, `${type}.${name}`)
      t.equal(definition, described.get(name)?.url, `${type}.${name}`)
    }
  }
})

t.test('an app can ask whether it has changed, and for another mode', async t => {
  verifies('fhir-rest', 'REST-49')
  const { headers } = await anybody('/metadata')
  const again = await anybody('/metadata', { headers: { 'if-none-match': headers.etag ?? '' } })
  t.equal(again.status, 304)
  t.equal(again.text, '')
  t.equal((await anybody('/metadata', { headers: { 'if-none-match': 'W/"other"' } })).status, 200)
  const strong = headers.etag?.replace('W/', '') ?? ''
  for (const tags of [strong, `"other", ${headers.etag}`, '*'])
    t.equal((await anybody('/metadata', { headers: { 'if-none-match': tags } })).status, 304, tags)
  t.equal((await anybody('/metadata', { method: 'HEAD' })).status, 200)
  t.equal((await anybody('/metadata?mode=full')).status, 200)
  const refused = await anybody('/metadata?mode=terminology')
  t.equal(refused.status, 400)
  t.match(refused.text, 'terminology')
  t.equal((await anybody('/metadata', { method: 'POST', body: {} })).headers.allow, 'GET, HEAD')
})

t.test('who needs a part of it is sent that, and what is no part is refused', async t => {
  verifies('fhir-rest', 'REST-86', 'REST-99')
  const parts: [query: string, there: string[], missing: string[]][] = [
    [
      '_elements=fhirVersion,software',
      ['fhirVersion', 'software', 'status', 'format'],
      ['rest', 'instantiates', 'name'],
    ],
    ['_summary=true', ['fhirVersion', 'url', 'rest'], []],
    ['_summary=text', ['fhirVersion', 'status'], ['rest', 'name']],
    ['_summary=false', ['rest'], ['meta']],
  ]
  for (const [query, there, missing] of parts) {
    const { json } = await anybody(`/metadata?${query}`)
    t.equal(json.resourceType, 'CapabilityStatement', query)
    for (const name of there) t.ok(name in json, `${query} ${name}`)
    for (const name of missing) t.notOk(name in json, `${query} ${name}`)
  }
  const [whole, summary] = [await anybody('/metadata'), await anybody('/metadata?_summary=true')]
  t.match(summary.text, 'SUBSETTED')
  t.ok(summary.text.length < whole.text.length / 2, 'the least part of it')
  for (const query of ['_summary=some', '_elements=fhirVersoin', '_elements=rest&_summary=true'])
    t.equal((await anybody(`/metadata?${query}`)).status, 400, query)
})

t.test('its oauth-uris are those of the discovery document, by the names that the extension has', async t => {
  verifies('smart-2.2', 'SAL-1027', 'SAL-378')
  const [extension] = rest?.security.extension ?? []
  const uris = Object.fromEntries((extension?.extension ?? []).map(({ url, valueUri }) => [url, valueUri]))
  const discovered = await fetch(`${s.baseUrl}/fhir/.well-known/smart-configuration`)
  const configuration = (await discovered.json()) as Record<string, unknown>
  t.same(uris, {
    authorize: configuration.authorization_endpoint,
    token: configuration.token_endpoint,
    register: configuration.registration_endpoint,
    introspect: configuration.introspection_endpoint,
    revoke: configuration.revocation_endpoint,
  })
})
