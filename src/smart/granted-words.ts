import { LETTER_OF, parseScopes, type ScopeToken } from '../access/scopes.ts'
import type { Topic } from '../resources/definition.ts'
import { definitions } from '../resources/index.ts'
import { inWords, TOPICS } from '../resources/topics.ts'
import { labelOf, sentenceOf, subjectOf } from './scope-words.ts'

const reads = ({ letters }: ScopeToken): boolean => /[rs]/.test(letters)

/** What may be seen of one topic: the topic when it is all of it, or else the types. */
function seenOf(topic: Topic, scopes: readonly ScopeToken[], whose: string | undefined): string[] {
  const types = [...definitions.values()].filter(
    each => each.topic === topic && each.may.patient?.some(interaction => LETTER_OF[interaction] === 'r'),
  )
  const isSeen = (type: string) => scopes.some(scope => scope.type === '*' || scope.type === type)
  const seen = types.filter(({ type }) => isSeen(type))
  if (seen.length === 0) return []
  if (seen.length === types.length) return [labelOf(inWords(TOPICS[topic], whose), whose)]
  return seen.map(({ words }) => labelOf(inWords(words, whose), whose))
}

/** What an app was allowed, as a list that a patient understands: what it may see, what it may change. */
export function grantedInWords(granted: readonly string[], whose?: string): { see: string[]; change: string[] } {
  const scopes = parseScopes(granted.join(' '))
  const whole = scopes.filter(scope => reads(scope) && scope.query === undefined && scope.context === 'patient')
  const others = scopes.filter(scope => reads(scope) && !whole.includes(scope))
  const see = [
    ...(Object.keys(TOPICS) as Topic[]).flatMap(topic => seenOf(topic, whole, whose)),
    ...others.map(({ text }) => labelOf(subjectOf(text, whose), whose)),
  ]
  const changing = scopes.filter(({ letters }) => /[cud]/.test(letters))
  const onlyChanges = ({ context, type, letters, query }: ScopeToken) =>
    `${context}/${type}.${letters.replace(/[rs]/g, '')}${query === undefined ? '' : `?${query}`}`
  return { see, change: changing.map(scope => sentenceOf(onlyChanges(scope), whose)) }
}
