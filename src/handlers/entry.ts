import { type FhirError, invalid } from '../fhir/outcome.ts'
import { patchInEntry, patchOf } from '../fhir/patch.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'
import type { Call, Conditions, Operation, Server } from './call.ts'
import { create, criteriaOf } from './create.ts'
import { conditionalDelete, deleteOne } from './delete.ts'
import { historyInstance, historyType, vread } from './history.ts'
import { checkResource, type Intent, inPlace } from './intent.ts'
import { conditionalPatch, patch } from './patch.ts'
import { read } from './read.ts'
import { searchCompartment, searchType } from './search.ts'
import { conditionalUpdate, update } from './update.ts'

/** An entry of a batch or transaction, taken apart. https://hl7.org/fhir/R4/bundle.html#transaction */
export type Entry = {
  readonly place: string
  readonly method: string
  readonly type: string
  readonly definition: Definition | undefined
  readonly id: string | undefined
  readonly versionId: string | undefined
  /** What is asked for of a patient's compartment. */
  readonly compartmentType: string | undefined
  readonly isHistory: boolean
  readonly params: readonly (readonly [string, string])[]
  readonly conditions: Conditions
  readonly fullUrl: string | undefined
  /** The resource, or what a PATCH sends: Parameters, or the operations of a JSON Patch. */
  readonly resource: unknown
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
/** `Type`, `Type/id`, `Type/id/_history/version`, `Type/_history`, and `Patient/id/Type` for what is in her compartment. */
const URL_SHAPE =
  /^\/?(?<type>[A-Z][A-Za-z]*)(?:\/(?<id>[A-Za-z0-9\-.]{1,64})(?:\/(?<compartmentType>[A-Z][A-Za-z]*|\*))?)?(?<history>\/_history(?:\/(?<versionId>[A-Za-z0-9\-.]{1,64}))?)?(?:\?(?<query>.*))?$/s

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function requestOf(entry: Json, place: string): Json & { method: string; url: string } {
  const request = entry.request as Json | undefined
  const { method, url } = request ?? {}
  if (typeof method !== 'string' || !METHODS.includes(method))
    throw invalid(
      `The entry needs a request.method: one of ${METHODS.join(', ')}`,
      `${place}.request.method`,
      'required',
    )
  if (typeof url !== 'string') throw invalid('The entry needs a request.url', `${place}.request.url`, 'required')
  return { ...request, method, url }
}

const patchIn = ({ resource }: Json, place: string, { maxDepth }: Server): unknown =>
  inPlace(`${place}.resource`, () => patchInEntry(resource, maxDepth))

/** Takes one entry apart. @throws FhirError 400 with the place of what is missing or not understood */
export function entryOf(value: unknown, index: number, server: Server): Entry {
  const place = `Bundle.entry[${index}]`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('An entry is an object', place)
  const entry = value as Json
  const { method, url, ...request } = requestOf(entry, place)
  const local = url.startsWith(`${server.base}/`) ? url.slice(server.base.length + 1) : url
  const match = URL_SHAPE.exec(local)
  if (!match)
    throw invalid(`request.url must be Type, Type/id or Type?query, not "${url.slice(0, 80)}"`, `${place}.request.url`)
  const { type = '', id, compartmentType, history, versionId, query = '' } = match.groups ?? {}
  return {
    place,
    method,
    type,
    definition: definitionOf(type),
    id,
    versionId,
    compartmentType,
    isHistory: history !== undefined,
    params: [...new URLSearchParams(query)],
    conditions: {
      ifMatch: text(request.ifMatch),
      ifNoneMatch: text(request.ifNoneMatch),
      ifNoneExist: text(request.ifNoneExist),
      ifModifiedSince: text(request.ifModifiedSince),
    },
    fullUrl: text(entry.fullUrl),
    resource: method === 'PATCH' ? patchIn(entry, place, server) : entry.resource,
  }
}

/** Whether an entry only asks. */
export const isRead = ({ method }: Entry): boolean => method === 'GET' || method === 'HEAD'

/** That a type is not served, with those that are. */
export const notServed = (type: string, place: string): FhirError =>
  invalid(`${type} is not served here. Served are: ${servedTypes.join(', ')}`, place, 'not-supported')

function operationOf(entry: Entry): Operation {
  const { method, type, id, versionId, compartmentType, isHistory, params, place } = entry
  if (isRead(entry)) {
    if (compartmentType !== undefined && type === 'Patient' && !isHistory)
      return call => searchCompartment(call, id ?? '', compartmentType)
    if (compartmentType !== undefined || (id === undefined && versionId !== undefined))
      throw invalid('There is nothing at this request.url', `${place}.request.url`, 'not-found')
    if (versionId !== undefined) return vread
    if (isHistory) return id === undefined ? historyType : historyInstance
    return id === undefined ? searchType : read
  }
  if (isHistory || compartmentType !== undefined)
    throw invalid('Neither versions nor compartments are written', `${place}.request.url`)
  if (method === 'POST' && id === undefined) return create
  if (method === 'PUT' && id !== undefined) return update
  if (method === 'PATCH' && id !== undefined) return patch
  if (method === 'DELETE' && id !== undefined) return deleteOne
  if (method === 'PUT' && params.length > 0) return conditionalUpdate
  if (method === 'PATCH' && params.length > 0) return conditionalPatch
  if (method === 'DELETE' && params.length > 0) return conditionalDelete
  throw invalid(`${method} is not possible with this request.url`, `${place}.request.url`, 'not-supported')
}

/** The interaction that an entry asks for, and its call: the same function that the HTTP route calls. */
export function callOf(
  entry: Entry,
  shared: Pick<Call, 'server' | 'db' | 'grant' | 'requestId' | 'now' | 'again'> & { readonly prefer: string },
): [Operation, Call] {
  const { definition, id, versionId, params, conditions, place, type, resource } = entry
  if (!definition) throw notServed(type, place)
  const { prefer, ...others } = shared
  const call: Call = {
    ...others,
    definition,
    params,
    conditions: { ...conditions, prefer },
    ...(id === undefined ? {} : { id }),
    ...(versionId === undefined ? {} : { versionId }),
    ...(resource === undefined ? {} : { body: resource as Json }),
  }
  return [operationOf(entry), call]
}

/** The write that an entry of a transaction asks for. @throws FhirError 400, 422 with the place of what is wrong */
export function intentOf(entry: Entry): Intent {
  const { method, definition, id, params, conditions, place, type, fullUrl } = entry
  if (!definition) throw notServed(type, place)
  // Refuses what no interaction can do.
  operationOf(entry)
  const shared = { definition, place, ...(fullUrl === undefined ? {} : { fullUrl }) }
  const { ifMatch, ifNoneMatch, ifNoneExist } = conditions
  const guards = {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  }
  const named = id === undefined ? {} : { id }
  const criteria = id === undefined ? { criteria: params } : {}
  if (method === 'DELETE') {
    const several = definition.conditionalDelete === 'multiple'
    return { ...shared, ...guards, ...named, ...criteria, several, method }
  }
  if (method === 'PATCH') {
    const patched = inPlace(`${place}.resource`, () => patchOf(entry.resource))
    return { ...shared, ...guards, ...named, ...criteria, method, patch: patched }
  }
  const resource = checkResource(entry.resource, definition, method === 'PUT' ? id : undefined, place)
  if (method === 'POST')
    return {
      ...shared,
      method,
      resource,
      ...(ifNoneExist === undefined ? {} : { criteria: criteriaOf(ifNoneExist, definition) }),
    }
  return { ...shared, ...guards, ...named, ...criteria, method: 'PUT', resource }
}
