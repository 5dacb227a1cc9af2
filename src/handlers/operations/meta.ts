import { allows, permit, permitRead } from '../../access/permit.ts'
import { parseJson, stringifyJson } from '../../fhir/json.ts'
import { gone, notFound } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import { definitions } from '../../resources/index.ts'
import { labelsOf } from '../../store/meta.ts'
import { wasDeleted } from '../../store/read.ts'
import { findCurrent } from '../read.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'

/** The Meta as the Parameters that the operations of this family return. */
export const metaAnswer = (meta: Json): OperationAnswer => {
  // FHIR has no empty objects: a Meta without anything is a parameter without a value, which may not be.
  const parameter = Object.keys(meta).length > 0 ? { parameter: [{ name: 'return', valueMeta: meta }] } : {}
  return { status: 200, headers: {}, body: stringifyJson({ resourceType: 'Parameters', ...parameter }) }
}

const codingOf = (text: string): Json => {
  const bar = text.indexOf('|')
  const system = text.slice(0, bar)
  return { ...(system === '' ? {} : { system }), code: text.slice(bar + 1) }
}

/** The profiles, security labels and tags that are in use on a type, or on all of them, as far as a search would show. */
async function inUse({ db, grant, definition, requestId, now, path }: Called): Promise<OperationAnswer> {
  const searched = definition
    ? [permit(grant, definition, 'search-type')]
    : [...definitions.values()]
        .filter(each => allows(grant, each, 'search-type'))
        .map(each => permit(grant, each, 'search-type'))
  const access = { grant, requestId, interaction: 'operation', what: path }
  const { profiles, security, tags } = await labelsOf(db, searched, access, now)
  return metaAnswer({
    ...(profiles.length > 0 ? { profile: profiles } : {}),
    ...(security.length > 0 ? { security: security.map(codingOf) } : {}),
    ...(tags.length > 0 ? { tag: tags.map(codingOf) } : {}),
  })
}

/** https://hl7.org/fhir/R4/resource-operation-meta.html */
async function run(called: Called): Promise<OperationAnswer> {
  const { server, db, grant, definition, id, requestId, now, path } = called
  if (id === undefined || !definition) return await inUse(called)
  const permission = permitRead(grant, definition, id)
  const found = await findCurrent(called, permission, id, { grant, requestId, interaction: 'operation', what: path })
  const name = `${definition.type}/${id}`
  if (found?.content === undefined) {
    if (await wasDeleted(db, permission, id, now)) throw gone(`${name} was deleted`)
    throw notFound(`There is no ${name}`)
  }
  const resource = parseJson(found.content, { depth: server.maxDepth }).value as { meta?: Json }
  return metaAnswer(resource.meta ?? {})
}

/** $meta, on the base, a type and one resource. */
export const meta: NamedOperation = {
  name: 'meta',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta',
  documentation: 'On a type or the base: the profiles, tags and security labels of all that the token may search.',
  levels: { system: ['GET', 'POST'], type: ['GET', 'POST'], instance: ['GET', 'POST'] },
  types: 'served',
  affectsState: false,
  needs: { type: 'search-type', instance: 'read' },
  parameters: {},
  run,
}
