import { typeCarrying } from './identifier-rules.ts'
import { elementsOfType, isComplex, memberName, RESOURCE_TYPES } from './model.ts'
import type { Json } from './types.ts'

/** What a Reference.reference says: https://hl7.org/fhir/R4/references.html#literal */
export type ParsedReference =
  | { kind: 'local'; type: string; id: string; version?: string }
  | { kind: 'absolute'; url: string; type?: string; id?: string }
  | { kind: 'fragment'; id: string }
  | { kind: 'urn'; url: string }
  | { kind: 'conditional'; type: string; query: string }

/** A Reference as the walker finds it. Its members may still be of any kind: nothing has been checked. */
export type Holder = Json & { reference?: string; type?: string; identifier?: Json }

const RELATIVE = /^([A-Z][A-Za-z]*)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?$/
const CONDITIONAL = /^([A-Z][A-Za-z]*)\?(.+)$/s
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/[^\s]+$/i
const URN = /^urn:(?:uuid|oid):[^\s]+$/

/**
 * Takes a reference apart; undefined when it has none of the forms of the standard. An absolute URL below `base`
 * (without a slash at its end) is a reference to a resource of this server, the same as its relative form.
 */
export function parseReference(text: string, base?: string): ParsedReference | undefined {
  if (text.startsWith('#')) return { kind: 'fragment', id: text.slice(1) }
  if (base !== undefined && text.startsWith(base) && text[base.length] === '/') {
    const local = relative(text.slice(base.length + 1))
    if (local) return local
  }
  const local = relative(text)
  if (local) return local
  if (URN.test(text)) return { kind: 'urn', url: text }
  if (ABSOLUTE.test(text)) return absolute(text)
  const [, type = '', query = ''] = CONDITIONAL.exec(text) ?? []
  return RESOURCE_TYPES.has(type) ? { kind: 'conditional', type, query } : undefined
}

function relative(text: string): ParsedReference | undefined {
  const [, type = '', id = '', version] = RELATIVE.exec(text) ?? []
  if (!RESOURCE_TYPES.has(type)) return undefined
  return version === undefined ? { kind: 'local', type, id } : { kind: 'local', type, id, version }
}

/** A URL of another server; when it ends like a RESTful one, its type and id are known. */
function absolute(url: string): ParsedReference {
  const [, type = '', id = ''] = /\/([A-Z][A-Za-z]*)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(url) ?? []
  return RESOURCE_TYPES.has(type) ? { kind: 'absolute', url, type, id } : { kind: 'absolute', url }
}

const PATIENT = 'Patient'

const containedTypeOf = ({ contained }: Json, id: string): unknown =>
  Array.isArray(contained) ? (contained as Json[]).find(each => each?.id === id)?.resourceType : undefined

/**
 * Whether a Reference in a resource is to a Patient without saying her id on this server: to one of another server, to a
 * contained one, or by her identifier or her name alone.
 */
export function isToStranger({ reference, type, identifier }: Holder, resource: Json, base: string): boolean {
  const parsed = typeof reference === 'string' ? parseReference(reference, base) : undefined
  if (parsed?.kind === 'local') return false
  const said = parsed && 'type' in parsed ? parsed.type : undefined
  const contained = parsed?.kind === 'fragment' ? containedTypeOf(resource, parsed.id) : undefined
  return (contained ?? said ?? type ?? typeCarrying(identifier?.system)) === PATIENT
}

/**
 * Visits every Reference in a resource, in contained resources, extensions and Bundle entries too. `path` gives the
 * FHIRPath of the one visited; it is a function because most visits never need it. `targets` are the types that the
 * element may refer to, nothing for any.
 */
export function eachReference(
  resource: Json,
  visit: (holder: Holder, path: () => string, targets: readonly string[] | undefined) => void,
): void {
  const trail: (string | number)[] = []
  walk(resource, { kind: 'type', type: 'Resource' }, trail, {
    reference: (holder, targets) => visit(holder as Holder, () => pathOf(resource, trail), targets),
  })
}

/**
 * Replaces links in place as a transaction must when ids are assigned: in Reference.reference, in elements of type
 * uri, url, oid and uuid, and in href and src of narratives; not in canonicals, nor in plain text.
 * What follows a `#` is kept. Returns how many were replaced. https://hl7.org/fhir/R4/http.html#trules
 */
export function rewriteLinks(resource: Json, replace: (url: string) => string | undefined): number {
  let count = 0
  const replaced = (url: string): string | undefined => {
    const hash = url.indexOf('#', 1)
    const found = replace(url) ?? (hash > 0 ? withFragment(replace(url.slice(0, hash)), url.slice(hash)) : undefined)
    if (found !== undefined) count++
    return found
  }
  walk(resource, { kind: 'type', type: 'Resource' }, [], {
    reference: holder => {
      if (typeof holder.reference === 'string') holder.reference = replaced(holder.reference) ?? holder.reference
    },
    url: (holder, member) => {
      holder[member] = mapStrings(holder[member], url => replaced(url) ?? url)
    },
    xhtml: (holder, member) => {
      holder[member] = mapStrings(holder[member], div => rewriteNarrative(div, replaced))
    },
  })
  return count
}

const withFragment = (url: string | undefined, fragment: string) => (url === undefined ? undefined : url + fragment)

const LINK = /\b(href|src)(\s*=\s*)(?:"([^"]*)"|'([^']*)')/g

function rewriteNarrative(div: string, replaced: (url: string) => string | undefined): string {
  if (!div.includes('href') && !div.includes('src')) return div
  return div.replace(LINK, (whole, name, equals, double, single) => {
    const url = replaced(String(double ?? single).replaceAll('&amp;', '&'))
    return url === undefined ? whole : `${name}${equals}"${url.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`
  })
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  return Array.isArray(value) ? value.map(item => (typeof item === 'string' ? change(item) : item)) : value
}

type Visitor = {
  reference: (holder: Json, targets: readonly string[] | undefined) => void
  url?: (holder: Json, member: string) => void
  xhtml?: (holder: Json, member: string) => void
}

/** What to do with a member: descend into a type, or look at a link. Members that hold neither are not in the plan. */
type Step = Into | { kind: 'url' } | { kind: 'xhtml' }
type Into = { kind: 'type'; type: string; targets?: readonly string[] | undefined }

const URLS = ['uri', 'url', 'oid', 'uuid']
const plans = new Map<string, ReadonlyMap<string, Step>>()

function planOf(type: string): ReadonlyMap<string, Step> {
  const known = plans.get(type)
  if (known) return known
  const plan = new Map<string, Step>()
  for (const element of elementsOfType(type)) {
    for (const one of element.types) {
      const member = memberName(element.name, one)
      if (URLS.includes(one)) plan.set(member, { kind: 'url' })
      else if (one === 'xhtml') plan.set(member, { kind: 'xhtml' })
      else if (isComplex(one)) plan.set(member, { kind: 'type', type: one, targets: element.targets })
      // Extensions may sit beside any primitive.
      else plan.set(`_${member}`, { kind: 'type', type: 'Element' })
      if (URLS.includes(one)) plan.set(`_${member}`, { kind: 'type', type: 'Element' })
    }
  }
  plans.set(type, plan)
  return plan
}

function walk(value: unknown, into: Into, trail: (string | number)[], visitor: Visitor): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      trail.push(index)
      walk(value[index], into, trail, visitor)
      trail.pop()
    }
    return
  }
  const holder = value as Json
  const type = into.type === 'Resource' ? String(holder.resourceType) : into.type
  if (type === 'Reference') visitor.reference(holder, into.targets)
  const plan = planOf(type)
  for (const member in holder) {
    const step = plan.get(member)
    if (step === undefined) continue
    if (step.kind === 'type') {
      trail.push(member)
      walk(holder[member], step, trail, visitor)
      trail.pop()
    } else visitor[step.kind]?.(holder, member)
  }
}

function pathOf(resource: Json, trail: readonly (string | number)[]): string {
  return trail.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : `${path}.${step}`),
    String(resource.resourceType),
  )
}
