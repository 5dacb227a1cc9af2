// Does what the CapabilityStatement of a running server claims beside what test/every-type.test.ts does: patches, conditional
// deletes, histories, what is asked of the system, and every operation where it is claimed.
import t from 'tap'
import { claimsOf, does, idOf, isRefused } from './support/claims.ts'
import { entriesOf, namesOf, type Reply, type Sent } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { server } from './support/server.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t)
const { engine, resources, system, eachType, create, put } = await claimsOf(s)

const jsonPatch = (language: string): Sent => ({
  method: 'PATCH',
  body: JSON.stringify([{ op: 'add', path: '/language', value: language }]),
  headers: { 'content-type': 'application/json-patch+json' },
})
const fhirPathPatch = (type: string, language: string): Sent => {
  const part = [
    { name: 'type', valueCode: 'add' },
    { name: 'path', valueString: type },
    { name: 'name', valueString: 'language' },
    { name: 'value', valueCode: language },
  ]
  return { method: 'PATCH', body: { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] } }
}

t.test('every type that claims patch takes both formats, also where a condition says what is meant', async t => {
  verifies('fhir-rest', 'REST-32', 'REST-33')
  const check = async (type: string) => {
    const [id, other] = [idOf(await create(type)), idOf(await create(type))]
    const language = async () => (await engine(`/${type}/${id}`)).json.language
    const send = async (path: string, sent: Sent) => (await engine(`/${type}${path}`, sent)).status
    return {
      json: (await send(`/${id}`, jsonPatch('cy'))) === 200 && (await language()) === 'cy',
      version: (await engine(`/${type}/${id}/_history/2`)).json.language === 'cy',
      condition: (await send(`?_id=${id}`, jsonPatch('fr'))) === 200 && (await language()) === 'fr',
      fhirpath: (await send(`/${other}`, fhirPathPatch(type, 'de'))) === 200,
      read: (await engine(`/${type}/${other}`)).json.language === 'de',
      absent: (await send('/absent', jsonPatch('cy'))) === 404,
      none: (await send('?_id=absent', jsonPatch('cy'))) === 404,
      several: (await send(`?_id=${id},${other}`, jsonPatch('cy'))) === 412 && (await language()) === 'fr',
    }
  }
  await eachType(t, does('patch'), check)
})

t.test('every type deletes by a condition as many as it claims', async t => {
  verifies('fhir-rest', 'REST-36')
  const check = (many: boolean) => async (type: string) => {
    const [id, one, two] = [idOf(await create(type)), idOf(await create(type)), idOf(await create(type))]
    const send = async (ids: string) => (await engine(`/${type}?_id=${ids}`, { method: 'DELETE' })).status
    const isGone = async (each: string) => (await engine(`/${type}/${each}`)).status === 410
    return {
      one: (await send(id)) === 204 && (await isGone(id)),
      none: (await send('nobody')) === 204,
      several: (await send(`${one},${two}`)) === (many ? 204 : 412),
      left: (await isGone(one)) === many && (await isGone(two)) === many,
    }
  }
  await eachType(t, ({ conditionalDelete }) => conditionalDelete === 'single', check(false))
  if (resources.some(({ conditionalDelete }) => conditionalDelete === 'multiple'))
    await eachType(t, ({ conditionalDelete }) => conditionalDelete === 'multiple', check(true))
})

t.test('every type that claims a history of the type has all its versions there, and none of another', async t => {
  verifies('fhir-rest', 'REST-38')
  // A history shows what nobody can still come before: what is under way holds it back.
  for (const { type } of resources) for (const language of ['fr', 'cy']) await put(type, 'of-this-type', { language })
  const check = async (type: string) => {
    const reply = await engine(`/${type}/_history?_count=1000`)
    const names = entriesOf(reply).map(({ fullUrl }) => fullUrl.replace(`${s.baseUrl}/fhir/`, ''))
    return {
      status: reply.status === 200 && reply.json.type === 'history',
      both: names.filter(name => name === `${type}/of-this-type`).length === 2,
      only: names.every(name => name.startsWith(`${type}/`)),
    }
  }
  await eachType(t, does('history-type'), check)
})

t.test('what is claimed of the system is done', async t => {
  verifies('fhir-rest', 'REST-38', 'REST-40', 'REST-90')
  const entry = [{ request: { method: 'POST', url: 'Patient' }, resource: minimal('Patient') }]
  const bundle = (type: string) => engine('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry } })
  await put('Patient', 'whole')
  await put('Organization', 'whole')
  const does: Record<string, () => Promise<boolean>> = {
    transaction: async () => (await bundle('transaction')).json.type === 'transaction-response',
    batch: async () => (await bundle('batch')).json.type === 'batch-response',
    'search-system': async () => {
      const form = { method: 'POST', body: new URLSearchParams([['_id', 'whole']]) }
      const [get, post] = [await engine('/?_id=whole'), await engine('/_search', form)]
      const wanted = 'Organization/whole,Patient/whole'
      return [get, post].every(reply => namesOf(reply).sort().join() === wanted)
    },
    'history-system': async () => (await engine('/_history')).json.type === 'history',
  }
  for (const code of system) t.equal(await does[code]?.(), true, code)
})

const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })
const GENDERS = 'http://hl7.org/fhir/ValueSet/administrative-gender'
const CODES = 'http://hl7.org/fhir/administrative-gender'

type Asked = { readonly query?: string; readonly body?: object; readonly answers: string }

/** What an operation needs, and what it answers with; of one that is claimed and is not here the test fails. */
const ASKS: Readonly<Record<string, Asked>> = {
  validate: { body: {}, answers: 'OperationOutcome' },
  meta: { answers: 'Parameters' },
  'meta-add': { body: parameters({ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }), answers: 'Parameters' },
  'meta-delete': { body: parameters({ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }), answers: 'Parameters' },
  everything: { answers: 'Bundle' },
  docref: { query: 'patient=whole', body: parameters({ name: 'patient', valueId: 'whole' }), answers: 'Bundle' },
  lastn: {
    query: 'patient=Patient/whole',
    body: parameters({ name: 'patient', valueString: 'Patient/whole' }),
    answers: 'Bundle',
  },
  expand: { query: `url=${GENDERS}`, body: parameters({ name: 'url', valueUri: GENDERS }), answers: 'ValueSet' },
  'validate-code': {
    query: `url=${GENDERS}&code=male&system=${CODES}`,
    body: parameters(
      { name: 'url', valueUri: GENDERS },
      { name: 'code', valueCode: 'male' },
      { name: 'system', valueUri: CODES },
    ),
    answers: 'Parameters',
  },
  'CodeSystem/validate-code': {
    query: `url=${CODES}&code=male`,
    body: parameters({ name: 'url', valueUri: CODES }, { name: 'code', valueCode: 'male' }),
    answers: 'Parameters',
  },
}

t.test('every operation that is claimed answers where it is claimed, and is refused elsewhere', async t => {
  verifies('fhir-rest', 'REST-50', 'REST-52', 'REST-53')
  const [rest] = ((await engine('/metadata')).json.rest ?? []) as {
    operation: { name: string }[]
    resource: { type: string; operation?: { name: string }[] }[]
  }[]
  const claimed = [
    ...(rest?.operation ?? []).map(({ name }) => ({ type: '', name })),
    ...(rest?.resource ?? []).flatMap(({ type, operation = [] }) => operation.map(({ name }) => ({ type, name }))),
  ]
  t.ok(claimed.length > 100)
  const faults: string[] = []
  const names = new Set(claimed.map(({ name }) => name))
  t.same(
    [...names].filter(name => !ASKS[name]),
    [],
    'it is known how each is asked',
  )
  for (const { type, name } of claimed) {
    const { query = '', body = parameters(), answers } = ASKS[`${type}/${name}`] ?? ASKS[name] ?? { answers: '' }
    const served = resources.some(each => each.type === type)
    if (served) await put(type, 'whole')
    const sent = 'parameter' in body ? body : { ...body, resourceType: type }
    const at = [`/${type}`, ...(served ? [`/${type}/whole`] : [])].map(path => `${path}/$${name}`.replace('//', '/'))
    const replies: Reply[] = []
    for (const path of at) {
      replies.push(await engine(`${path}${query && `?${query}`}`))
      replies.push(await engine(path, { method: 'POST', body: sent }))
    }
    const isAnswer = ({ status, json }: Reply): boolean => status === 200 && json.resourceType === answers
    const bad = replies.filter(reply => !isAnswer(reply) && !isRefused(reply))
    if (!replies.some(isAnswer)) faults.push(`${type}/$${name}: ${replies.map(({ text }) => text.slice(0, 150))}`)
    if (bad.length > 0)
      faults.push(`${type}/$${name}: ${bad.map(({ status, text }) => `${status} ${text.slice(0, 150)}`)}`)
  }
  t.same(faults, [])
  for (const name of ['everything', 'docref', 'lastn', 'expand'])
    for (const type of ['Organization', 'Encounter'])
      t.ok(isRefused(await engine(`/${type}/$${name}`)), `${type}/$${name}`)
})
