// No operation tells the first patient's app of the second patient, nor whether she is there.
import t from 'tap'
import { OPERATIONS, typesOf } from '../src/handlers/operations/index.ts'
import { definitions } from '../src/resources/index.ts'
import { entriesOf, inTurn, linkOf, namesOf, type Reply, type Sent } from './support/client.ts'
import { server } from './support/server.ts'
import { CANARY, canaryId, NOBODY, twoPatients } from './support/two-patients.ts'

const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const world = await twoPatients(s)
const { alice, victim, engine } = world
const REQUEST_ID = { 'x-request-id': 'the-same-for-both' }

const nobodys = (text: string): string => text.replaceAll(CANARY, NOBODY)
const comparable = ({ status, headers: { date: _, ...headers }, text }: Reply): string =>
  JSON.stringify({ status, headers, text })

type Try = readonly [path: string, sent?: Sent]

const parametersOf = (id: string): Record<string, unknown>[] => [
  { name: 'patient', valueId: id },
  { name: 'meta', valueMeta: { tag: [{ code: 'x' }] } },
  { name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
  { name: 'code', valueCode: id },
  { name: 'subject', valueString: `Patient/${id}` },
]

/** Every operation in every place, by GET and POST, with what it takes of the second patient. */
const tries: Try[] = OPERATIONS.flatMap(operation => {
  const isTaken = ({ name }: Record<string, unknown>): boolean =>
    Object.hasOwn(operation.parameters, String(name)) || (operation.searches === true && name === 'subject')
  return (['system', 'type', 'instance'] as const).flatMap(level =>
    (operation.levels[level] ? (level === 'system' ? [''] : typesOf(operation)) : []).flatMap(type =>
      (operation.levels[level] ?? []).flatMap((method): Try[] => {
        const id = level === 'instance' ? `/${canaryId(type)}` : ''
        const path = `${type && `/${type}`}${id}/$${operation.name}`
        const parameter = parametersOf(CANARY).filter(isTaken)
        if (method === 'POST')
          return [
            [path, { method, body: { resourceType: 'Parameters', parameter } }],
            [path, { method }],
          ]
        const query = parameter.map(each => `${each.name}=${Object.values(each)[1]}`).join('&')
        return [[path], [`${path}?${query}`]]
      }),
    ),
  )
})

t.test('asked about her, each says what it says about nobody, byte for byte', async t => {
  const faults: string[] = []
  await inTurn(tries, async ([path, sent = {}]) => {
    const body = sent.body === undefined ? {} : { body: JSON.parse(nobodys(JSON.stringify(sent.body))) as unknown }
    const real = await alice(path, { ...sent, headers: REQUEST_ID })
    const absent = await alice(nobodys(path), { ...sent, ...body, headers: REQUEST_ID })
    if (nobodys(comparable(real)) !== comparable(absent))
      faults.push(`${sent.method ?? 'GET'} ${path} ${real.text.slice(0, 300)}`)
    const foreign = namesOf(real).filter(
      name => name.includes(CANARY) || !(world.visible.has(name) || name.startsWith('undefined')),
    )
    if (foreign.length > 0) faults.push(`${path} brings ${foreign}`)
    if (real.status === 500) faults.push(`${path} breaks`)
  })
  t.same(faults, [])
  t.ok(tries.length > definitions.size * 6)
})

t.test('her own record, and what an engine sees, hold what the first patient does not get', async t => {
  for (const ask of [victim, engine]) {
    t.match((await ask(`/Patient/${CANARY}/$everything`)).text, CANARY)
    t.ok(namesOf(await ask(`/DocumentReference/$docref?patient=${CANARY}`)).length > 0)
    t.ok(namesOf(await ask(`/Observation/$lastn?patient=${CANARY}`)).length > 0)
    t.equal((await ask(`/Observation/${canaryId('Observation')}/$meta`)).status, 200)
  }
})

t.test('the first patient’s whole record, page by page, is hers alone', async t => {
  const shown: string[] = []
  for (let next: string | undefined = '/Patient/alice/$everything?_count=50'; next !== undefined; ) {
    const reply: Reply = await alice(next)
    t.notMatch(reply.text, CANARY)
    shown.push(...namesOf(reply))
    next = linkOf(reply, 'next')
  }
  t.same(
    shown.filter(name => !world.visible.has(name)),
    [],
  )
  t.equal(new Set(shown).size, shown.length)
  t.same(namesOf(await alice('/Patient/alice/$everything')), shown)
  t.notMatch((await alice('/$meta')).text, CANARY)
})

t.test('a page link of somebody else opens nothing', async t => {
  for (const ask of [victim, engine]) {
    const next = linkOf(await ask(`/Patient/${CANARY}/$everything?_count=1`), 'next') ?? ''
    t.ok(entriesOf(await ask(next)).length > 0)
    t.equal((await alice(next)).status, 400)
  }
})
