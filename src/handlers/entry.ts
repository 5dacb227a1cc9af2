import type { Grant } from '../access/grant.ts'
import { RESOURCE_TYPES } from '../fhir/model.ts'
import { FhirError, invalid, notAllowed } from '../fhir/outcome.ts'
import { patchInEntry } from '../fhir/patch.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'
import type { Call, Conditions, Server } from './call.ts'
import { criteriaOf } from './create.ts'
import { checkResource, type Intent, inPlace, patchFrom } from './intent.ts'
import { formPairs } from './negotiate.ts'
import type { OperationAnswer } from './operations/operation.ts'
import { type Method, type Parts, pathOf, type Way } from './way.ts'
import { waysAt } from './ways.ts'

/** An entry of a batch or transaction, taken apart. https://hl7.org/fhir/R4/bundle.html#transaction */
export type Entry = {
  readonly place: string
  readonly method: string
  /** The path below the base, with a slash before it. */
  readonly path: string
  /** What the path begins with. */
  readonly type: string
  /** What is asked for; nothing when that is nowhere. */
  readonly way: Way | undefined
  readonly parts: Parts
  readonly params: readonly (readonly [string, string])[]
  readonly conditions: Conditions
  readonly fullUrl: string | undefined
  /** The resource, or what a PATCH sends: Parameters, or the operations of a JSON Patch. */
  readonly resource: unknown
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

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
  if (typeof url !== 'string' || url === '')
    throw invalid('The entry needs a request.url', `${place}.request.url`, 'required')
  return { ...request, method, url }
}

/** A part of a path without its escapes; one that holds a slash is a part still. @throws FhirError 400 */
function decoded(part: string, place: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // decodeURIComponent says only that it failed.
    throw invalid(`request.url has a broken escape in "${part.slice(0, 80)}": % is written as %25`, place)
  }
}

/** The path below the base, and the query, of what is written as `Patient/1`, `/Patient/1` or with the base before it. */
function pathAndQuery(url: string, { base }: Server, place: string): [path: string, query: string] {
  const isBelow = url.startsWith(base) && /^(?:[/?]|$)/.test(url.slice(base.length))
  const local = (isBelow ? url.slice(base.length) : url).replace(/^\/?/, '/')
  const mark = local.indexOf('?')
  const path = mark < 0 ? local : local.slice(0, mark)
  const parts = path.split('/').map(part => decoded(part, place))
  // What was no slash before is none after: it belongs to a part, which no path of ours has in it.
  return [parts.map(part => part.replaceAll('/', '%2F')).join('/'), mark < 0 ? '' : local.slice(mark + 1)]
}

/** Takes one entry apart. @throws FhirError 400 with the place of what is missing or not understood */
export function entryOf(value: unknown, index: number, server: Server): Entry {
  const place = `Bundle.entry[${index}]`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('An entry is an object', place)
  const entry = value as Json
  const { method, url, ...request } = requestOf(entry, place)
  const [path, query] = pathAndQuery(url, server, `${place}.request.url`)
  const { ways, parts } = waysAt(path)
  const wanted = method === 'HEAD' ? 'GET' : method
  return {
    place,
    method,
    path,
    type: path.split('/')[1] ?? '',
    way: ways.find(way => way.method === wanted),
    parts,
    params: inPlace(`${place}.request.url`, () => formPairs(query)),
    conditions: {
      ifMatch: text(request.ifMatch),
      ifNoneMatch: text(request.ifNoneMatch),
      ifNoneExist: text(request.ifNoneExist),
      ifModifiedSince: text(request.ifModifiedSince),
    },
    fullUrl: text(entry.fullUrl),
    resource: entry.resource,
  }
}

/**
 * Whether an entry is about a type of FHIR that is not served, and that a client may be set to skip: of a misspelt one
 * nothing is known.
 */
export const isUnserved = (entry: Entry): boolean => isOfNoType(entry) && RESOURCE_TYPES.has(entry.type)

const isOfNoType = ({ way, type }: Entry): boolean =>
  way === undefined && /^[A-Z][A-Za-z]*$/.test(type) && definitionOf(type) === undefined

/** Whether an entry only asks. */
export const isRead = ({ way }: Entry): boolean => way !== undefined && !way.affectsState

/** Whether it is a write, which those of a transaction do together. */
export const isWrite = ({ way }: Entry): boolean => way?.affectsState === true && way.interaction !== 'operation'

/** That a type is not served, with those that are. */
const notServed = ({ type }: Entry, place: string): FhirError =>
  new FhirError(404, [
    {
      severity: 'error',
      code: 'not-supported',
      text: `${type} is not served here. Served are: ${servedTypes.join(', ')}`,
      expression: place,
    },
  ])

/**
 * What the entry asks for.
 * @throws FhirError 404 when there is nothing at its url, 405 when not by its method, with the place
 */
export function wayOf(entry: Entry): Way {
  const { way, method, path, place } = entry
  if (way) return way
  const at = `${place}.request.url`
  if (isOfNoType(entry)) throw notServed(entry, at)
  const methods = waysAt(path).ways.map(each => each.method)
  if (methods.length > 0)
    throw notAllowed(`${method} is not possible with this request.url; possible are ${methods}`, methods).within(at)
  const text = `There is nothing at this request.url: it must be Type, Type/id, Type?query or the like, not "${path.slice(1, 81)}"`
  throw new FhirError(404, [{ severity: 'error', code: 'not-found', text, expression: at }])
}

/** Decides whether the entry is permitted, before anything that it sends is looked at. @throws FhirError 403 */
export const permitEntry = ({ way, parts, conditions }: Entry, grant: Grant): void =>
  way?.permit(grant, parts, conditions)

const bodyIn = ({ method, resource, place }: Entry, { maxDepth }: Server): unknown =>
  method === 'PATCH' ? inPlace(`${place}.resource`, () => patchInEntry(resource, maxDepth)) : resource

/** Does what the entry asks for: by the same function that the HTTP route calls. @throws FhirError as that does */
export async function answerEntry(
  entry: Entry,
  shared: Pick<Call, 'server' | 'db' | 'grant' | 'requestId' | 'now' | 'again'> & { readonly prefer: string },
): Promise<OperationAnswer> {
  const way = wayOf(entry)
  const { prefer, ...others } = shared
  permitEntry(entry, shared.grant)
  const body = bodyIn(entry, shared.server)
  if (way.body === 'form' && entry.method === 'POST' && body !== undefined)
    throw invalid('The parameters of a search stand in its request.url, not in a resource', 'resource')
  // What is asked of others outside takes its time, and a Bundle may have thousands of entries.
  const isSlow = way.interaction === 'operation' && shared.server.terminology !== undefined
  return await way.handle({
    ...others,
    ...(isSlow ? { server: { ...shared.server, terminology: undefined } } : {}),
    parts: entry.parts,
    params: entry.params,
    conditions: { ...entry.conditions, prefer },
    ...(body === undefined ? {} : { body: body as Json }),
  })
}

/** What an entry asks for, as the audit names it. */
export const whatOf = ({ way, parts, path }: Entry): string => (way ? pathOf(way, parts) : path.slice(1))

function writeOf(entry: Entry): { definition: Definition; method: Exclude<Method, 'GET'> } {
  const { definition, method } = wayOf(entry)
  if (!definition || method === 'GET') throw new Error('Only writes of types that are served are taken together')
  return { definition, method }
}

/**
 * Refuses a fullUrl of this server that is another one than that of the resource: what refers to the one would be linked to
 * the other. https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl
 */
function checkFullUrl({ fullUrl, parts: { id }, type, place }: Entry, { base }: Server): void {
  const url = `${base}/${type}/${id}`
  if (id === undefined || !fullUrl?.startsWith(`${base}/`) || fullUrl === url) return
  throw invalid(`The fullUrl is not ${url}, as request.url says`, `${place}.fullUrl`)
}

/** The write that an entry of a transaction asks for. @throws FhirError 400, 422 with the place of what is wrong */
export function intentOf(entry: Entry, server: Server): Intent {
  const { params, conditions, place, fullUrl } = entry
  const { id } = entry.parts
  const { definition, method } = writeOf(entry)
  checkFullUrl(entry, server)
  const shared = { definition, place, ...(fullUrl === undefined ? {} : { fullUrl }) }
  const { ifMatch, ifNoneMatch, ifNoneExist } = conditions
  const guards = {
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
  }
  const named = id === undefined ? { criteria: params } : { id }
  if (method === 'DELETE') {
    const several = definition.conditionalDelete === 'multiple'
    return { ...shared, ...guards, ...named, several, method }
  }
  if (method === 'PATCH') {
    const sent = bodyIn(entry, server)
    const patch = inPlace(`${place}.resource`, () => patchFrom(sent))
    return { ...shared, ...guards, ...named, method, patch }
  }
  const resource = checkResource(entry.resource, definition, method === 'PUT' ? id : undefined, place)
  if (method === 'PUT') return { ...shared, ...guards, ...named, method, resource }
  const condition = ifNoneExist === undefined ? {} : { criteria: criteriaOf(ifNoneExist, definition) }
  return { ...shared, ...condition, method, resource }
}
