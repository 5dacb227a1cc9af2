import { nearest } from './nearest.ts'
import { FhirError, invalid } from './outcome.ts'
import type { Searchable } from './query.ts'
import { isModifier, modifiersOf } from './query-modifier.ts'
import { RESULT_PARAMETERS } from './result-params.ts'
import type { SearchParam } from './search.ts'
import { parseValue, splitAt, type Value } from './search-value.ts'

/** One condition of a search: any of the values; several conditions must all hold. */
export type Clause = {
  readonly param: string
  readonly declared: SearchParam | 'id' | 'lastUpdated'
  readonly modifier: string | undefined
  readonly values: readonly Value[]
  /** What is asked of resources at the other end of a reference; one of the links must hold. */
  readonly links?: readonly Link[]
  /** Whether few rows were found to match it. */
  readonly isFew?: boolean
  /** The one interned set that holds its codes, where there was found to be no other: rows of it have an order. */
  readonly set?: string
}

/**
 * A step to another resource: along a reference of this one (https://hl7.org/fhir/R4/search.html#chaining), or back along
 * one that names it (https://hl7.org/fhir/R4/search.html#has).
 */
export type Link = {
  readonly direction: 'to' | 'from'
  /** The type at the other end. */
  readonly type: string
  /** The reference parameter: of the type that is searched when it leads `to`, of the other type when it comes `from`. */
  readonly param: string
  /** What the resource at the other end must match. */
  readonly clause: Clause
  /** Whether the request names the type: then it must be within the scopes. */
  readonly isNamed: boolean
  /** The ids that the link was found to lead to, when they are few. */
  readonly ids?: readonly string[]
  /** Whether many resources refer to these. */
  readonly isMany?: boolean
}

const LINKED: SearchParam = { type: 'reference', stored: 'linked' }
const MOST_STEPS = 8
const MOST_LINKS = 100
const HAS = /^_has:([^:.]*):([^:.]*):(.+)$/s

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
const tooCostly = (text: string) => invalid(text, undefined, 'too-costly')
const unsupported = (text: string) => invalid(text, undefined, 'not-supported')

function declaredOf(param: string, searchable: Searchable): Clause['declared'] | undefined {
  if (param === '_id') return 'id'
  if (param === '_lastUpdated') return 'lastUpdated'
  return Object.hasOwn(searchable.search, param) ? searchable.search[param] : undefined
}

/** The parameters that a search of a type knows, in alphabetical order; at the end of a chain none of those of the result. */
const known = (searchable: Searchable, isChained: boolean): string[] =>
  ['_has', '_id', '_lastUpdated', ...Object.keys(searchable.search), ...(isChained ? [] : RESULT_PARAMETERS)].sort()

/** What a name that is no search parameter is answered with: what would be one, at the step where it went wrong. */
export function unknownParameter(name: string, searchable: Searchable, isChained = false): FhirError {
  const [, hasType = '', , hasRest = ''] = HAS.exec(name) ?? []
  const other = searchable.of(hasType)
  if (other) return unknownParameter(hasRest, other, true)
  const [head = '', type] = (name.split('.', 1)[0] ?? '').split(':')
  const rest = name.slice(name.indexOf('.') + 1)
  if (name.includes('.') && declaredOf(head, searchable)) {
    const types = type === undefined ? searchable.targets(head).filter(searchable.of) : [type]
    const only = types.length === 1 ? searchable.of(types[0] ?? '') : undefined
    if (only) return unknownParameter(rest, only, true)
    return unsupported(`None of the types that ${head} leads to has the search parameter "${short(rest)}"`)
  }
  const names = known(searchable, isChained)
  const guess = nearest(name, names)
  return unsupported(
    `Unknown search parameter "${short(name)}" for ${searchable.type}.${guess ? ` Did you mean "${guess}"?` : ''} ` +
      `Known are: ${names.join(', ')}`,
  )
}

type Step = { readonly searchable: Searchable; readonly depth: number }

/** The clause on a type that a link leads to, with where it was given; nothing when the type has no such parameter. */
function linkTo(
  rest: string,
  value: string,
  { searchable, depth }: Step,
  link: Omit<Link, 'clause'>,
): Link | undefined {
  const other = searchable.of(link.type)
  const clause = other && readClause(rest, value, { searchable: other, depth: depth + 1 })
  return clause && { ...link, clause }
}

/** `_has:Observation:patient:code=…`: what is said of the resources that name this one. */
function readHas(name: string, value: string, step: Step): Clause | undefined {
  const { searchable } = step
  const [, type = '', param = '', rest = ''] = HAS.exec(name) ?? []
  if (rest === '')
    throw invalid(`"${short(name)}" must be _has:Type:reference:parameter, as in _has:Observation:patient:code`)
  const other = searchable.of(type)
  if (!other) throw unsupported(`"${short(name)}" asks for ${short(type)}, which is not served`)
  const leadsHere = (each: string) =>
    other.search[each]?.type === 'reference' && other.targets(each).includes(searchable.type)
  if (!leadsHere(param)) {
    const right = Object.keys(other.search).filter(leadsHere)
    throw invalid(
      `"${short(name)}": ${short(param)} of ${type} is no reference to ${searchable.type}` +
        (right.length > 0 ? `; there is: ${right.join(', ')}` : ', nor is any other'),
    )
  }
  const link = linkTo(rest, value, step, { direction: 'from', type, param, isNamed: true })
  return link && { param: '_has', declared: LINKED, modifier: undefined, values: [], links: [link] }
}

/** The links along a reference: of the type that is named, or of all that it may lead to and that understand the rest. */
function linksAlong(param: string, named: string | undefined, rest: string, value: string, step: Step): Link[] {
  const { searchable } = step
  const types = named === undefined ? searchable.targets(param) : [named]
  const failures: FhirError[] = []
  const links = types.flatMap(type => {
    try {
      return linkTo(rest, value, step, { direction: 'to', type, param, isNamed: types.length === 1 }) ?? []
    } catch (error) {
      // What one type cannot be asked, another one perhaps can.
      if (!(error instanceof FhirError) || types.length === 1) throw error
      failures.push(error)
      return []
    }
  })
  if (links.length === 0 && failures[0]) throw failures[0]
  return links
}

/** `subject:Patient.name=…`: what is said of the resource that a reference leads to. */
function readChain(name: string, value: string, step: Step): Clause | undefined {
  const { searchable } = step
  const dot = name.indexOf('.')
  const [param = '', named, ...more] = name.slice(0, dot).split(':')
  const rest = name.slice(dot + 1)
  const declared = declaredOf(param, searchable)
  if (declared === undefined) return undefined
  if (typeof declared === 'string' || declared.type !== 'reference')
    throw invalid(`"${short(name)}": ${param} is no reference, so nothing can follow it`)
  if (more.length > 0 || rest === '') throw invalid(`"${short(name)}" must be reference:Type.parameter`)
  if (named !== undefined && !searchable.targets(param).includes(named))
    throw invalid(
      `"${short(name)}": ${param} refers to ${searchable.targets(param).join(', ')}, not to ${short(named)}`,
    )
  if (named !== undefined && !searchable.of(named))
    throw unsupported(`"${short(name)}" asks for ${short(named)}, which is not served`)
  const links = linksAlong(param, named, rest, value, step)
  return links.length === 0 ? undefined : { param, declared: LINKED, modifier: undefined, values: [], links }
}

/** What carries an identifier can be meant by it, also where the reference is to its id: `:identifier` is a chain too. */
function carriersOf(param: string, value: string, step: Step): readonly Link[] {
  const { searchable } = step
  const types = searchable.targets(param).filter(type => searchable.of(type)?.search.identifier?.stored === 'keys')
  return types.flatMap(
    type => linkTo('identifier', value, step, { direction: 'to', type, param, isNamed: false }) ?? [],
  )
}

function readClause(name: string, value: string, step: Step): Clause | undefined {
  const { searchable, depth } = step
  if (depth > MOST_STEPS)
    throw tooCostly(`"${short(name)}" goes through more than ${MOST_STEPS} references; that is too far`)
  if (name.startsWith('_has:') || name === '_has') return readHas(name, value, step)
  if (name.includes('.')) return readChain(name, value, step)
  const [param = '', modifier, ...more] = name.split(':')
  const declared = declaredOf(param, searchable)
  if (declared === undefined) return undefined
  if (more.length > 0) throw invalid(`"${short(name)}" has more than one modifier`)
  if (modifier !== undefined && !isModifier(declared, param, modifier, searchable)) {
    const right = modifiersOf(declared, param, searchable)
    throw unsupported(
      `The modifier ":${short(modifier)}" is not supported for ${param}; supported are: ${right.map(each => `:${each}`).join(', ')}`,
    )
  }
  const values = splitAt(value, ',').map(text => parseValue(text, { param, declared, modifier, searchable }))
  if (modifier !== 'identifier') return { param, declared, modifier, values }
  return { param, declared, modifier, values, links: carriersOf(param, value, step) }
}

const linksOf = (clause: Clause): number =>
  (clause.links ?? []).reduce((count, link) => count + 1 + linksOf(link.clause), 0)

/** How many values a clause has, with those of what it leads to. */
export const valuesOf = (clause: Clause): number =>
  (clause.links ?? []).reduce((count, link) => count + valuesOf(link.clause), clause.values.length)

/**
 * Reads one parameter that says what is looked for; nothing when there is no such parameter.
 * @throws FhirError 400 that quotes the name or the value and says what would be right
 */
export function parseClause(name: string, value: string, searchable: Searchable): Clause | undefined {
  const clause = readClause(name, value, { searchable, depth: 0 })
  if (clause && linksOf(clause) > MOST_LINKS)
    throw tooCostly(`"${short(name)}" may lead to too many types: name them, as in subject:Patient.name`)
  return clause
}
