import { parseScope, type ScopeToken } from '../access/scopes.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf } from '../resources/index.ts'
import { inWords } from '../resources/topics.ts'

const VERBS = [
  ['c', 'add to'],
  ['u', 'change'],
  ['d', 'delete'],
] as const

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** What letters let an app do: looking and changing are never said in one word. */
export function verbOf(letters: string): string {
  const changes = VERBS.flatMap(([letter, verb]) => (letters.includes(letter) ? [verb] : []))
  const all = [...(/[rs]/.test(letters) ? ['see'] : []), ...changes]
  const text = all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
  return capital(text)
}

const wordsOfType = (type: string): string => type.replace(/(?<!^)[A-Z]/g, letter => ` ${letter}`).toLowerCase()

/** One condition of a granular scope: by the words of the declaration where it has some, by name and code elsewhere. */
function conditionOf(definition: Definition, [param, value]: [string, string]): { kinds: string[] } | { only: string } {
  const codes = value.split(',').map(each => each.slice(each.lastIndexOf('|') + 1))
  const kinds = codes.map(code => definition.kinds?.[param]?.[code])
  if (kinds.every(kind => kind !== undefined)) return { kinds }
  return { only: `${param.replaceAll('-', ' ')} ${codes.map(code => `“${code}”`).join(' or ')}` }
}

/** What a scope is about, as it follows "See": a granular one says what it is limited to. */
function aboutOf({ type, query }: ScopeToken, whose: string | undefined): string {
  const definition = definitionOf(type)
  const all = definition ? inWords(definition.words, whose) : wordsOfType(type)
  if (query === undefined) return all
  const fields = [...new URLSearchParams(query)]
  const conditions = fields.map(field => (definition ? conditionOf(definition, field) : { only: field.join(' ') }))
  const limits = conditions.flatMap(each => ('only' in each ? [each.only] : []))
  const kinds = conditions.flatMap(each => ('kinds' in each ? [each.kinds.map(kind => inWords(kind, whose))] : []))
  const [first, ...others] = kinds.map(each => each.join(', and '))
  const narrowed = [...others.map(each => `that are also ${each}`), ...limits.map(limit => `only those with ${limit}`)]
  return [first ?? all, ...narrowed].join(', ')
}

/** A phrase as a label begins: with a capital letter, but for a name, which is as it is. */
export const labelOf = (phrase: string, whose?: string): string =>
  whose !== undefined && phrase.startsWith(whose) ? phrase : capital(phrase)

/**
 * What one resource scope is about, in the words of the type's declaration: "your appointments".
 * @param whose the name of the patient; undefined when she reads it herself
 */
export function subjectOf(text: string, whose?: string): string {
  const scope = parseScope(text)
  if (!scope) return text
  if (scope.context !== 'user') return aboutOf(scope, whose)
  return `${aboutOf(scope, undefined)}, and those of everybody whose record you can open`
}

/** One resource scope as a patient understands it (SMART 2.2 best practices: plain words for each scope). */
export function sentenceOf(text: string, whose?: string): string {
  const scope = parseScope(text)
  return scope ? `${verbOf(scope.letters)} ${subjectOf(text, whose)}` : text
}
