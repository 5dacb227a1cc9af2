// Two patients with a resource of every declared type each. Whatever is the second one's carries one word, so that a
// leak can be seen in any text; her twin is a word of the same length that stands for nobody.
import { elementsOfType } from '../../src/fhir/model.ts'
import type { Json } from '../../src/fhir/types.ts'
import type { Definition } from '../../src/resources/definition.ts'
import { definitions } from '../../src/resources/index.ts'
import { type Client, client, store } from './client.ts'
import { minimal } from './minimal.ts'
import { giveTo, isPatients, referring, rich } from './search-fixture.ts'
import type { TestServer } from './server.ts'
import { engineToken, patientToken } from './token.ts'

/** The second patient: her id, and a word in everything that is hers. */
export const CANARY = 'zqvictim'
/** What nobody has and nothing is called, of the same length. */
export const NOBODY = 'zqnobody'
/** Another one's record, whose id may be seen in the first patient's own; everything in it carries the canary. */
const THIRD = 'third'

const MARK = { word: CANARY, day: '2021-03-04', number: 7.5, code: 0 } as const

/** The canary's resource of a type; the Patient is called by the word alone. */
export const canaryId = (type: string): string => (type === 'Patient' ? CANARY : `${CANARY}-${type}`)
const ownId = (type: string): string => (type === 'Patient' ? 'alice' : `a-${type}`)
const plainId = (type: string): string => (type === 'Patient' ? THIRD : `plain-${type}`)

const isOnes = ({ compartment }: Definition): boolean => Array.isArray(compartment) || compartment === 'self'

function marked(resource: Json): Json {
  const canHaveText = elementsOfType(String(resource.resourceType)).some(({ types }) => types.includes('Narrative'))
  const div = `<div xmlns="http://www.w3.org/1999/xhtml">${CANARY}</div>`
  return canHaveText ? { ...resource, text: { status: 'generated', div } } : resource
}

const naming = (resource: Json, patient: string): Json => ({
  ...resource,
  extension: [{ url: 'http://example.org/about', valueReference: { reference: `Patient/${patient}` } }],
})

/** A resource of the type that is hers, by whatever makes it somebody's. */
function hers(definition: Definition, id: string) {
  const { resource, queries: all } = rich(definition.type, id, CANARY, MARK)
  // She lives: nobody reaches the record of the dead.
  const { deceasedBoolean: _, deceasedDateTime: __, ...alive } = resource
  const queries = all.filter(({ param }) => !/^(deceased|death-date)$/.test(param))
  const named = definition.compartment === 'shared' ? naming(alive, CANARY) : alive
  return { resource: marked(named), queries }
}

/** A letter that leads to what is seen through letters only. */
const letter = (id: string, patient: string, attached: string): Json => ({
  ...giveTo(minimal('DocumentReference', id), patient),
  content: [{ attachment: { url: attached } }],
})

function severalPatients({ type }: Definition): Json {
  const resource = giveTo(giveTo(minimal(type, `${CANARY}-several-${type}`), CANARY), 'alice')
  return marked(resource)
}

/** One patient's resources that name another's in every way in which a resource of one type can name one of another. */
function linksOf(patient: string, prefix: string, targetId: (type: string) => string, base: string): Json[] {
  const types = [...definitions.values()]
  const links = types.filter(isOnes).flatMap(({ type }) =>
    types.flatMap(target => {
      const id = (param: string) => `${prefix}-${type}-${param}-${target.type}`
      return referring(type, target.type, targetId(target.type), { id, patient, base })
    }),
  )
  // A parameter that says whose it is makes it the other one's.
  const isStillHers = ({ resource }: { resource: Json }) => JSON.stringify(resource).includes(`Patient/${patient}"`)
  return links
    .filter(link => isStillHers(link) && !isPatients(String(link.resource.resourceType), link.param))
    .map(({ resource }) => resource)
}

export type World = {
  readonly engine: Client
  readonly alice: Client
  readonly victim: Client
  readonly aliceToken: string
  /** `Type/id` of all that the first patient may see. */
  readonly visible: ReadonlySet<string>
  /** What finds the second one's resource of a type, for those who may see it. */
  readonly queries: ReadonlyMap<string, readonly { readonly param: string; readonly values: readonly string[] }[]>
}

const SCOPE = 'openid fhirUser patient/*.cruds'

/** Fills a server with the two patients' resources; those that the first one may see all carry `meta`, if there is any. */
export async function twoPatients(server: TestServer, { meta }: { meta?: Json } = {}): Promise<World> {
  const engine = client(server, await engineToken(server))
  const all = [...definitions.values()]
  const second = new Map(all.map(definition => [definition.type, hers(definition, canaryId(definition.type))]))
  const plain = all.filter(isOnes).map(definition => hers(definition, plainId(definition.type)).resource)
  const attachments = all.filter(({ compartment }) => compartment === 'referrers')
  const letters = attachments.flatMap(({ type }) => [
    marked(letter(`${CANARY}-to-${type}`, CANARY, `${type}/${canaryId(type)}`)),
    letter(`a-to-${type}`, 'alice', `${type}/${ownId(type)}`),
  ])
  const group = { ...minimal('Group', `${CANARY}-group`), member: [{ entity: { reference: `Patient/${CANARY}` } }] }
  const schedule = { ...minimal('Schedule', `${CANARY}-actor`), actor: [{ reference: `Patient/${CANARY}` }] }
  const base = `${server.baseUrl}/fhir`
  const own = all.map(({ type }) => giveTo(minimal(type, ownId(type)), 'alice'))
  const firsts = [...own, ...linksOf('alice', 'a', plainId, base)]
  const visible = new Set([
    ...firsts.map(({ resourceType, id }) => `${resourceType}/${id}`),
    ...letters.filter(({ id }) => String(id).startsWith('a-')).map(({ id }) => `DocumentReference/${id}`),
  ])
  const back = linksOf(CANARY, CANARY, ownId, base).map(marked)
  const seconds = [...second.values()].map(({ resource }) => resource)
  const isOpen = ({ resourceType, id }: Json) => visible.has(`${resourceType}/${id}`)
  const shown = [...firsts, ...letters].map(each => (meta && isOpen(each) ? { ...each, meta } : each))
  await store(engine, [...shown, ...plain, ...back, marked(group), marked(schedule)])
  await store(engine, all.filter(({ severalPatients }) => severalPatients).map(severalPatients))
  await store(engine, seconds)
  // A second version of each, so that there is a history to be asked for.
  await store(
    engine,
    seconds.map(resource => ({ ...resource, language: 'en' })),
  )
  const deleted = giveTo(minimal('Observation', `${CANARY}-deleted`), CANARY)
  await store(engine, [deleted])
  await engine(`/Observation/${CANARY}-deleted`, { method: 'DELETE' })
  const aliceToken = await patientToken(server, 'alice', SCOPE)
  return {
    engine,
    alice: client(server, aliceToken),
    victim: client(server, await patientToken(server, CANARY, SCOPE)),
    aliceToken,
    visible,
    queries: new Map([...second].map(([type, { queries }]) => [type, queries])),
  }
}
