import { elementsOfType, isComplex, memberName } from './model.ts'
import { parseReference } from './reference.ts'
import type { Json } from './types.ts'

// The part of FHIRPath that the search parameters of R4 are written in: unions of paths with `as`, `ofType`,
// `where(member='text')`, `where(resolve() is Type)`, and the one `exists() and … != false`.

/** A value that a path leads to, with its FHIR datatype and the codes its element is bound to. */
export type Leaf = { type: string; codes: Readonly<Record<string, readonly string[]>> | undefined }

type Step = { member: string; keep: ((value: Json) => boolean) | undefined }

/**
 * One way through a resource: the members to follow in JSON, a choice element having one route for each type, and the
 * resource types that a reference at its end may name; undefined for any.
 */
export type Route = Leaf & { steps: readonly Step[]; targets: readonly string[] | undefined }

export type Expression = { routes: readonly Route[]; exists: boolean }

const TOKEN = /\s*(?:([A-Za-z_]\w*)|('[^']*')|(!=|[|.()=]))/y
const EXISTS = /^(.+)\.exists\(\) and \1 != false$/

/**
 * Compiles the expression of a search parameter for a type of the model. With `exists`, the parameter is true when a
 * value is there that is not false, else false. Throws when it is written in more than is understood here.
 */
export function compile(expression: string, type: string): Expression {
  const [, tested] = EXISTS.exec(expression) ?? []
  const parser = { tokens: tokenize(tested ?? expression), at: 0, type }
  const routes = union(parser)
  if (parser.at < parser.tokens.length) throw new Error(`unexpected ${parser.tokens[parser.at]} in ${expression}`)
  return { routes, exists: tested !== undefined }
}

function tokenize(expression: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < expression.length) {
    const found = TOKEN.exec(expression)
    if (!found) throw new Error(`not understood: ${expression}`)
    tokens.push(found[1] ?? found[2] ?? found[3] ?? '')
  }
  return tokens
}

type Parser = { tokens: readonly string[]; at: number; type: string }

function take(parser: Parser, ...wanted: string[]): void {
  for (const token of wanted) {
    if (parser.tokens[parser.at++] !== token)
      throw new Error(`${token} was expected, not ${parser.tokens[parser.at - 1]}`)
  }
}

function name(parser: Parser): string {
  const token = parser.tokens[parser.at++] ?? ''
  if (!/^\w+$/.test(token)) throw new Error(`a name was expected, not ${token}`)
  return token
}

function accept(parser: Parser, token: string): boolean {
  if (parser.tokens[parser.at] !== token) return false
  parser.at++
  return true
}

function union(parser: Parser): Route[] {
  const routes = term(parser)
  while (accept(parser, '|')) routes.push(...term(parser))
  return routes
}

function term(parser: Parser): Route[] {
  let routes: Route[]
  if (accept(parser, '(')) {
    routes = union(parser)
    if (accept(parser, 'as')) routes = ofType(routes, name(parser))
    take(parser, ')')
  } else {
    const root = name(parser)
    const start: Route[] = [{ type: parser.type, codes: undefined, targets: undefined, steps: [] }]
    // A path may begin with the name of the type it is for, or of one that it inherits from.
    routes = root === parser.type || root === 'Resource' || root === 'DomainResource' ? start : follow(start, root)
  }
  while (accept(parser, '.')) routes = next(parser, routes, name(parser))
  return routes
}

function next(parser: Parser, routes: Route[], step: string): Route[] {
  if (!accept(parser, '(')) return follow(routes, step)
  let found: Route[]
  if (step === 'as' || step === 'ofType') found = ofType(routes, name(parser))
  else if (step === 'where') found = where(parser, routes)
  else throw new Error(`${step}() is not understood`)
  take(parser, ')')
  return found
}

const ofType = (routes: readonly Route[], type: string): Route[] => routes.filter(route => route.type === type)

function follow(routes: readonly Route[], step: string): Route[] {
  const found = routes.flatMap(route =>
    elementsOfType(route.type)
      .filter(element => element.name === step || element.name === `${step}[x]`)
      .flatMap(element =>
        element.types.map(type => ({
          type,
          codes: element.codes,
          targets: element.targets,
          steps: [...route.steps, { member: memberName(element.name, type), keep: undefined }],
        })),
      ),
  )
  if (found.length === 0) throw new Error(`${routes.map(route => route.type).join('|')} has no element ${step}`)
  return found
}

function where(parser: Parser, routes: readonly Route[]): Route[] {
  const member = name(parser)
  let keep: (value: Json) => boolean
  if (member === 'resolve') {
    take(parser, '(', ')', 'is')
    const type = name(parser)
    keep = holder => refersTo(holder, type)
  } else {
    take(parser, '=')
    const text = (parser.tokens[parser.at++] ?? '').slice(1, -1)
    keep = value => value[member] === text
  }
  return routes.map(route => {
    const last = route.steps.at(-1)
    if (!last || !isComplex(route.type)) throw new Error('where() needs a path to an object')
    return { ...route, steps: [...route.steps.slice(0, -1), { ...last, keep }] }
  })
}

/** `resolve() is Type`, as far as a reference itself tells: by its text, or by Reference.type when it has none. */
function refersTo(holder: Json, type: string): boolean {
  if (typeof holder.reference !== 'string') return holder.type === type
  if (holder.reference.startsWith(type) && holder.reference[type.length] === '/') return true
  const parsed = parseReference(holder.reference)
  return parsed && 'type' in parsed && parsed.type !== undefined ? parsed.type === type : holder.type === type
}

/** What to do with a value at the end of a route: it adds what it makes of it to `out`. */
export type Visit<T> = (value: unknown, out: T[], leaf: Leaf) => void

/** Visits each value at the end of a route; what is null or missing on the way has none. */
export function eachValue<T>(route: Route, resource: Json, visit: Visit<T>, out: T[]): void {
  descend(resource, route, 0, visit, out)
}

function descend<T>(value: unknown, route: Route, at: number, visit: Visit<T>, out: T[]): void {
  const step = route.steps[at]
  if (step === undefined) {
    visit(value, out, route)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const member = (value as Json)[step.member]
  if (member === undefined || member === null) return
  if (!Array.isArray(member)) {
    if (step.keep === undefined || keeps(step.keep, member)) descend(member, route, at + 1, visit, out)
    return
  }
  for (const item of member) {
    if (item === null || item === undefined) continue
    if (step.keep === undefined || keeps(step.keep, item)) descend(item, route, at + 1, visit, out)
  }
}

const keeps = (keep: (value: Json) => boolean, value: unknown): boolean =>
  typeof value === 'object' && value !== null && keep(value as Json)
