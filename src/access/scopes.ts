import type { Actor, Definition, Interaction } from '../resources/definition.ts'
import { definitionOf, definitions } from '../resources/index.ts'
import { type ScopeQuery, scopeFault, scopeQuery } from './granular.ts'

/** The letters of a SMART v2 scope: create, read, update, delete, search. */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's'

/** One resource scope of https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html, v1 or v2. */
export type ScopeToken = {
  readonly text: string
  readonly context: 'patient' | 'user' | 'system'
  /** A resource type, or `*`. */
  readonly type: string
  readonly letters: string
  readonly version: 1 | 2
  /** The query part of a granular scope, without the question mark. */
  readonly query?: string
}

const V1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' }
const V1_OF_LETTERS: Readonly<Record<string, string>> = { rs: 'read', cud: 'write', cruds: '*' }
const SHAPE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?$/

/** The scopes that name no resources: SMART 2.2 "Scopes for requesting context data", "… identity data", "… a refresh token". */
export const CONTEXT_SCOPES = [
  'openid',
  'fhirUser',
  'launch',
  'launch/patient',
  'launch/encounter',
  'online_access',
  'offline_access',
] as const
const CONTEXT_TEXTS: ReadonlySet<string> = new Set(CONTEXT_SCOPES)

/**
 * What a hospital system may do at the authorization server itself: make launch handles, introspect the tokens of others,
 * administer clients.
 * SMART 2.2 "Scopes for requesting additional features": such names begin with two underscores.
 */
export const SYSTEM_SCOPES = ['__launch', '__introspect', '__clients'] as const
const SYSTEM_TEXTS: ReadonlySet<string> = new Set(SYSTEM_SCOPES)

/** The letter that an interaction needs, SMART 2.2 "Scopes for requesting FHIR resources". */
export const LETTER_OF: Readonly<Record<Interaction, Letter>> = {
  read: 'r',
  vread: 'r',
  'history-instance': 'r',
  // SMART 2.2: the letter s is for searches and for the history of types and of the system.
  'history-type': 's',
  'search-type': 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
}

/**
 * Reads one scope string, v1 (`patient/Patient.read`) or v2 (`patient/Patient.rs`).
 * Letters out of order, doubled or unknown make it no scope at all: nothing is guessed.
 */
export function parseScope(text: string): ScopeToken | undefined {
  const match = SHAPE.exec(text)
  if (!match) return undefined
  const [, context, type, permissions, query] = match
  if (!context || !type || !permissions) return undefined
  const v1 = V1[permissions]
  if (v1 !== undefined && query !== undefined) return undefined
  return {
    text,
    context: context as ScopeToken['context'],
    type,
    letters: v1 ?? permissions,
    version: v1 === undefined ? 2 : 1,
    ...(query === undefined ? {} : { query }),
  }
}

/** The resource scopes of a space-separated list; what is not one is left out. */
export const parseScopes = (scope: string): readonly ScopeToken[] =>
  scope.split(' ').flatMap(text => parseScope(text) ?? [])

const ACTORS: Readonly<Record<ScopeToken['context'], readonly Actor[]>> = {
  patient: ['patient', 'proxy'],
  user: ['patient', 'proxy'],
  system: ['engine'],
}

/** The letters that a declaration lets the actors of a context use on a type, or on any type for `*`. */
function declaredLetters(context: ScopeToken['context'], type: string): Set<Letter> {
  const declared = type === '*' ? [...definitions.values()] : [definitionOf(type)]
  const interactions = declared.flatMap(each => ACTORS[context].flatMap(actor => each?.may[actor] ?? []))
  return new Set(interactions.map(interaction => LETTER_OF[interaction]))
}

const covers = (scope: ScopeToken, context: ScopeToken['context'], type: string, letter: Letter): boolean =>
  scope.context === context && (scope.type === '*' || scope.type === type) && scope.letters.includes(letter)

/** Whether any of the scopes lets a letter be used on all resources of a type. A granular scope does not. */
export const permits = (
  scopes: readonly ScopeToken[],
  context: ScopeToken['context'],
  type: string,
  letter: Letter,
): boolean => scopes.some(scope => scope.query === undefined && covers(scope, context, type, letter))

const queries = new WeakMap<ScopeToken, Map<Definition, ScopeQuery | undefined>>()

/** The query part of a scope, read once for as long as the token is remembered. */
function queryOf(scope: ScopeToken, definition: Definition): ScopeQuery | undefined {
  const known = queries.get(scope) ?? new Map<Definition, ScopeQuery | undefined>()
  queries.set(scope, known)
  if (!known.has(definition)) known.set(definition, scopeQuery(scope.query ?? '', definition))
  return known.get(definition)
}

/** How far scopes reach on a type: to all of it, or to what is within any of the query parts. */
export type Covered = { readonly within?: readonly ScopeQuery[] }

/**
 * How far the scopes let a letter be used on a type: several scopes are a union (SMART 2.2, "Scope Equivalence"). A query
 * part that cannot be enforced covers nothing.
 */
export function covered(
  scopes: readonly ScopeToken[],
  context: ScopeToken['context'],
  definition: Definition,
  letter: Letter,
): Covered | undefined {
  const covering = scopes.filter(scope => covers(scope, context, definition.type, letter))
  if (covering.some(({ query }) => query === undefined)) return {}
  const within = covering.flatMap(scope => {
    const query = queryOf(scope, definition)
    return query ? [query] : []
  })
  return within.length > 0 ? { within } : undefined
}

/** Spells letters in the version that was asked for; v1 has a word for three combinations only. */
function spell(scope: ScopeToken, letters: string): string {
  const word = scope.version === 1 ? V1_OF_LETTERS[letters] : undefined
  const query = scope.query === undefined ? '' : `?${scope.query}`
  return `${scope.context}/${scope.type}.${word ?? letters}${query}`
}

/** Whether a client that is allowed some scopes may be granted a letter of another: of all, or of the same part. */
const isAllowed = (allowed: readonly ScopeToken[], { context, type, query }: ScopeToken, letter: Letter): boolean =>
  allowed.some(each => (each.query === undefined || each.query === query) && covers(each, context, type, letter))

/** How an authorization is asked for: by a person who launches an app, or by a backend service for itself. */
export type Flow = 'launch' | 'backend'

const CONTEXTS: Readonly<Record<Flow, readonly ScopeToken['context'][]>> = {
  launch: ['patient', 'user'],
  backend: ['system'],
}

function narrow(text: string, allowed: readonly ScopeToken[], flow: Flow): string[] {
  const scope = parseScope(text)
  if (!scope || !CONTEXTS[flow].includes(scope.context)) return []
  // What cannot be enforced to the letter is not granted at all.
  if (scope.query !== undefined && scopeFault(scope.type, scope.query) !== undefined) return []
  const declared = declaredLetters(scope.context, scope.type)
  const letters = [...scope.letters].filter(
    letter => declared.has(letter as Letter) && isAllowed(allowed, scope, letter as Letter),
  )
  return letters.length === 0 ? [] : [spell(scope, letters.join(''))]
}

/**
 * What can be granted of a requested scope: the subset that the client is allowed, that this server can enforce
 * and that some declaration gives a meaning to; letters that nobody may use are taken away (SMART 2.2, "scope" of the
 * token response may differ from the one requested).
 */
export function grantable(requested: string, allowed: string, flow: Flow): string[] {
  const allowedTexts = new Set(allowed.split(' '))
  const allowedScopes = parseScopes(allowed)
  const granted = requested
    .split(' ')
    .flatMap(text =>
      CONTEXT_TEXTS.has(text)
        ? flow === 'launch' && allowedTexts.has(text)
          ? [text]
          : []
        : SYSTEM_TEXTS.has(text)
          ? flow === 'backend' && allowedTexts.has(text)
            ? [text]
            : []
          : narrow(text, allowedScopes, flow),
    )
  return [...new Set(granted)]
}

/**
 * The requested scopes whose query part cannot be enforced, each with the reason: an app must not believe itself limited
 * where it is not, so such a request is refused as a whole (`invalid_scope`).
 */
export const unenforceable = (requested: string): string[] =>
  parseScopes(requested).flatMap(({ text, type, query }) => {
    const fault = query === undefined ? undefined : scopeFault(type, query)
    return fault === undefined ? [] : [`${text}: ${fault}`]
  })
