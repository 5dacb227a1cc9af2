import t from 'tap'
import { elementsOfType } from '../../../src/fhir/model.ts'
import type { Json } from '../../../src/fhir/types.ts'
import { knownCodeSystems, knownValueSets } from '../../../src/fhir/value-sets.ts'
import { client, type Reply } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const anyone = client(s, await patientToken(s, 'alice', 'openid'))
const GENDER = 'http://hl7.org/fhir/ValueSet/administrative-gender'
const SYSTEM = 'http://hl7.org/fhir/administrative-gender'

type Expansion = { total: number; offset: number; contains?: { code: string; system: string; display: string }[] }
const expansionOf = ({ json }: Reply) => (json as { expansion: Expansion }).expansion
const codesOf = (reply: Reply) => (expansionOf(reply).contains ?? []).map(({ code }) => code).sort()
const expand = (query: string) => anyone(`/ValueSet/$expand?${query}`)
const resultOf = ({ json }: Reply): Json =>
  Object.fromEntries((json.parameter as Json[]).map(({ name, ...value }) => [name, Object.values(value)[0]]))
const posted = (path: string, ...parameter: Json[]) =>
  anyone(path, { method: 'POST', body: { resourceType: 'Parameters', parameter } })

t.test('expands a value set, for whoever has a token', async t => {
  const reply = await expand(`url=${GENDER}`)
  t.equal(reply.status, 200)
  t.match(reply.json, { resourceType: 'ValueSet', url: GENDER, status: 'active', expansion: { total: 4, offset: 0 } })
  t.same(codesOf(reply), ['female', 'male', 'other', 'unknown'])
  t.match(expansionOf(reply).contains?.[0], { system: SYSTEM, display: /\w/ })
  t.same(codesOf(await posted('/ValueSet/$expand', { name: 'url', valueUri: GENDER })), codesOf(reply))
  t.equal((await expand(`url=${GENDER}|4.0.1`)).status, 200)
  t.equal((await client(s)(`/ValueSet/$expand?url=${GENDER}`)).status, 401)
})

t.test('filter, count and offset', async t => {
  verifies('fhir-rest', 'REST-59')
  t.same(codesOf(await expand(`url=${GENDER}&filter=FEM`)), ['female'])
  t.same(codesOf(await expand(`url=${GENDER}&filter=nothing-like-it`)), [])
  const all = (await expand(`url=${GENDER}`)).json.expansion as Expansion
  const second = (await expand(`url=${GENDER}&count=1&offset=1`)).json.expansion as Expansion
  t.same(second.contains, all.contains?.slice(1, 2))
  t.match(second, {
    total: 4,
    offset: 1,
    parameter: [
      { name: 'offset', valueInteger: 1 },
      { name: 'count', valueInteger: 1 },
    ],
  })
})

t.test('what is not known is a 404 that says what is', async t => {
  const reply = await expand('url=http://hl7.org/fhir/ValueSet/administrative-gendre')
  t.equal(reply.status, 404)
  t.match(reply.text, /Did you mean .*administrative-gender/)
  t.match(reply.text, 'observation-status')
  t.equal((await expand(`url=${GENDER}|5.0.0`)).status, 400)
  t.equal((await expand('')).status, 400)
  t.equal((await expand(`url=${GENDER}&count=-1`)).status, 400)
  t.equal((await anyone('/ValueSet')).status, 404)
})

t.test('validates codes in a value set and in a code system', async t => {
  verifies('fhir-rest', 'REST-59')
  const validate = (query: string) => anyone(`/ValueSet/$validate-code?url=${GENDER}&${query}`)
  t.same(resultOf(await validate('code=female')), { result: true, display: 'Female' })
  t.same(resultOf(await validate(`code=female&system=${SYSTEM}&display=female`)), { result: true, display: 'Female' })
  t.match(resultOf(await validate('code=female&display=Woman')), { result: false, message: /is called "Female"/ })
  t.match(resultOf(await validate('code=woman')), { result: false, message: /is not in/ })
  t.match(resultOf(await validate('code=female&system=http://example.org/other')), { result: false })
  t.match(resultOf(await validate(`coding=${SYSTEM}|male`)), { result: true })
  const concept = {
    coding: [
      { system: 'http://example.org', code: 'x' },
      { system: SYSTEM, code: 'male' },
    ],
  }
  const url = { name: 'url', valueUri: GENDER }
  t.match(
    resultOf(await posted('/ValueSet/$validate-code', url, { name: 'codeableConcept', valueCodeableConcept: concept })),
    { result: true },
  )
  t.equal((await validate('')).status, 400)
  t.same(resultOf(await anyone(`/CodeSystem/$validate-code?url=${SYSTEM}&code=male`)), {
    result: true,
    display: 'Male',
  })
  t.match(resultOf(await anyone(`/CodeSystem/$validate-code?url=${SYSTEM}&code=m`)), { result: false })
  t.match(resultOf(await anyone(`/CodeSystem/$validate-code?coding=${SYSTEM}|male`)), { result: true })
  t.equal((await anyone('/CodeSystem/$validate-code?url=http://loinc.org&code=1')).status, 404)
})

t.test('the codes that a required binding lets stand are those of its value set', async t => {
  const gender = elementsOfType('Patient').find(({ name }) => name === 'gender')
  t.same(
    codesOf(await expand(`url=${GENDER}`)),
    Object.values(gender?.codes ?? {})
      .flat()
      .sort(),
  )
  t.ok(knownValueSets().length > 100)
  const broken: string[] = []
  for (const url of knownValueSets()) {
    const { contains = [] } = expansionOf(await expand(`url=${encodeURIComponent(url)}`))
    if (contains.length === 0 || contains.some(({ code, system, display }) => !code || !system || !display))
      broken.push(url)
  }
  t.same(broken, [])
  t.ok(knownCodeSystems().includes(SYSTEM))
})
