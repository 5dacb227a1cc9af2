import { permit } from '../../access/permit.ts'
import { parseJson } from '../../fhir/json.ts'
import { forbidden, gone, notFound } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import { visibleAmong } from '../../store/exists.ts'
import { lockCurrent } from '../../store/write.ts'
import { versionHeaders } from '../call.ts'
import { checkResource } from '../intent.ts'
import { commitFor, perform } from '../write.ts'
import { metaAnswer } from './meta.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'

type Meta = Json & { profile?: string[]; security?: Json[]; tag?: Json[] }

/** How two sets of labels become one: added to, or taken from. */
type Change = <T>(there: readonly T[], given: readonly T[], isSame: (a: T, b: T) => boolean) => T[]

const add: Change = (there, given, isSame) => [
  ...there,
  ...given.filter(each => !there.some(other => isSame(each, other))),
]

const remove: Change = (there, given, isSame) => there.filter(each => !given.some(other => isSame(each, other)))

const isSameProfile = (a: string, b: string): boolean => a === b
const isSameCoding = (a: Json, b: Json): boolean => a.system === b.system && a.code === b.code

function changed(meta: Meta, given: Meta, change: Change): Meta {
  const { profile = [], security = [], tag = [], ...others } = meta
  const profiles = change(profile, given.profile ?? [], isSameProfile)
  const labels = change(security, given.security ?? [], isSameCoding)
  const tags = change(tag, given.tag ?? [], isSameCoding)
  return {
    ...others,
    ...(profiles.length > 0 ? { profile: profiles } : {}),
    ...(labels.length > 0 ? { security: labels } : {}),
    ...(tags.length > 0 ? { tag: tags } : {}),
  }
}

/** Changes the labels of one resource, whose new version is written as an update would be. */
const changing =
  (change: Change) =>
  async (called: Called): Promise<OperationAnswer> => {
    const { server, grant, definition, id = '', input, conditions, requestId, now } = called
    if (!definition) throw new Error('Labels are changed on types that are served')
    const permission = permit(grant, definition, 'update')
    if (grant.actor !== 'engine') throw forbidden('Labels are not changed by patients’ apps')
    const [written] = await commitFor(called, async db => {
      const current = (await lockCurrent(db, definition.type, [id])).get(id)
      const isHidden = current?.content !== undefined && !(await visibleAmong(db, permission, [id], now)).has(id)
      if (!current || isHidden) throw notFound(`There is no ${definition.type}/${id}`)
      if (current.content === undefined) throw gone(`${definition.type}/${id} was deleted`)
      const resource = parseJson(current.content, { depth: server.maxDepth }).value as Json & { meta?: Meta }
      resource.meta = changed(resource.meta ?? {}, (input.object('meta') ?? {}) as Meta, change)
      const ifMatch = conditions.ifMatch === undefined ? {} : { ifMatch: conditions.ifMatch }
      const checked = checkResource(resource, definition, id, '')
      const intent = { method: 'PUT', definition, id, resource: checked, place: '', ...ifMatch } as const
      return await perform(db, server, { grant, requestId, now }, [intent])
    })
    if (!written) throw new Error('A write came back without a result')
    const resource = parseJson(written.content ?? '{}', { depth: server.maxDepth }).value as { meta?: Json }
    return {
      ...metaAnswer(resource.meta ?? {}),
      headers: versionHeaders(written.version, written.updated),
      updated: written.updated,
    }
  }

const shared = {
  documentation: 'For system clients. The change makes a new version.',
  levels: { instance: ['POST'] },
  types: 'served',
  affectsState: true,
  needs: { instance: 'update' },
  parameters: { meta: { type: 'Meta', min: 1 } },
} as const

/** $meta-add: https://hl7.org/fhir/R4/resource-operation-meta-add.html */
export const metaAdd: NamedOperation = {
  ...shared,
  name: 'meta-add',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-add',
  run: changing(add),
}

/** $meta-delete: https://hl7.org/fhir/R4/resource-operation-meta-delete.html */
export const metaDelete: NamedOperation = {
  ...shared,
  name: 'meta-delete',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-delete',
  run: changing(remove),
}
