import { LETTER_OF, parseScope, type ScopeToken } from '../access/scopes.ts'
import type { Definition, Topic } from '../resources/definition.ts'
import { definitionOf, definitions } from '../resources/index.ts'
import { inWords, TOPICS } from '../resources/topics.ts'
import { labelOf, sentenceOf, subjectOf, verbOf } from './scope-words.ts'

/** What comes with the rest and is not asked about: that it is the same person, and whose record was chosen. */
const isImplied = (scope: string): boolean => scope === 'openid' || scope === 'launch' || scope.startsWith('launch/')

const ALSO: Readonly<Record<string, string>> = {
  fhirUser: 'Know which person in the hospital’s records you are',
  online_access: 'Keep access while you stay signed in here',
  offline_access: 'Keep access when you are not using it, until you take it back',
}

/**
 * One question of the consent page. `parts` says what a tick gives: of which requested scope, and which scopes if the
 * other parts of that one are not ticked. `key` names the question from one visit to the next.
 */
export type Tick = {
  readonly id: string
  readonly key: string
  readonly topic: Topic | 'also'
  readonly kind: 'see' | 'change' | 'also'
  readonly sentence: string
  readonly parts: { of: string; grants: readonly string[] }[]
}

const KINDS = [
  ['see', 'rs'],
  ['change', 'cud'],
] as const

const WORDS: Readonly<Record<string, string>> = { rs: 'read', cud: 'write' }

const spell = ({ context, version, query }: ScopeToken, type: string, letters: string): string =>
  `${context}/${type}.${(version === 1 && WORDS[letters]) || letters}${query === undefined ? '' : `?${query}`}`

const lettersWithin = (letters: string, within: string): string =>
  [...letters].filter(letter => within.includes(letter)).join('')

/** The letters that people may use on a type at all. */
const usable = ({ may }: Definition): string =>
  [...new Set(may.patient?.map(interaction => LETTER_OF[interaction]))].join('')

/** A scope for every type becomes a question for each topic: who keeps her messages to herself need not refuse it all. */
function topicTicks(scope: ScopeToken, kind: Tick['kind'], letters: string, whose: string | undefined): Tick[] {
  return (Object.keys(TOPICS) as Topic[]).flatMap(topic => {
    const grants = [...definitions.values()].flatMap(definition => {
      const usableLetters = definition.topic === topic ? lettersWithin(letters, usable(definition)) : ''
      return usableLetters === '' ? [] : [spell(scope, definition.type, usableLetters)]
    })
    if (grants.length === 0) return []
    const tick = { topic, kind, id: `${scope.text} ${kind} ${topic}`, key: `${scope.context} ${kind} ${topic}` }
    const about = inWords(TOPICS[topic], whose)
    const sentence = kind === 'see' ? labelOf(about, whose) : `${verbOf(letters)} ${about}`
    return [{ ...tick, sentence, parts: [{ of: scope.text, grants }] }]
  })
}

function ticksOf(text: string, whose: string | undefined): Tick[] {
  const also = ALSO[text]
  const parts = [{ of: text, grants: [text] }]
  if (also !== undefined) return [{ id: text, key: text, topic: 'also', kind: 'also', sentence: also, parts }]
  const scope = parseScope(text)
  if (!scope) return []
  return KINDS.flatMap(([kind, of]): Tick[] => {
    const letters = lettersWithin(scope.letters, of)
    if (letters === '') return []
    if (scope.type === '*' && scope.query === undefined) return topicTicks(scope, kind, letters, whose)
    const id = letters === scope.letters ? text : spell(scope, scope.type, letters)
    const key = `${scope.context} ${kind} ${scope.type}${scope.query === undefined ? '' : `?${scope.query}`}`
    const topic = definitionOf(scope.type)?.topic ?? 'record'
    // What may be seen stands under that question; each change says what it is.
    const sentence = kind === 'see' ? labelOf(subjectOf(id, whose), whose) : sentenceOf(id, whose)
    return [{ id, key, topic, kind, sentence, parts: [{ of: text, grants: [id] }] }]
  })
}

/** What a question is part of, where an app asks for everything and for some of it once more. */
const wholeOf = (ticks: readonly Tick[], { key, kind, topic }: Tick): Tick | undefined => {
  const context = key.slice(0, key.indexOf(' '))
  return ticks.find(tick => tick.key === key || tick.key === `${context} ${kind} ${topic}`)
}

const ORDER = [...Object.keys(TOPICS), 'also']

/**
 * The questions of the consent page for what an app asks for: what it may see, what it may change, staying signed in
 * last; each asked once.
 * @param whose the name of the patient; undefined for the own record
 */
export function ticksFor(scopes: readonly string[], whose?: string): Tick[] {
  const rank = (scope: string) => (scope === 'offline_access' ? 2 : scope.includes('/*.') ? 0 : 1)
  const ticks: Tick[] = []
  const asked = scopes.filter(scope => !isImplied(scope)).sort((a, b) => rank(a) - rank(b))
  for (const tick of asked.flatMap(scope => ticksOf(scope, whose))) {
    const whole = wholeOf(ticks, tick)
    if (whole) whole.parts.push(...tick.parts)
    else ticks.push(tick)
  }
  return ticks.sort((a, b) => ORDER.indexOf(a.topic) - ORDER.indexOf(b.topic))
}

/** What was decided: the scopes granted, the requested ones that were not, and what to add to the request. */
export type Decision = { granted: string[]; refused: string[]; added: string[] }

const isRecord = (scope: string): boolean => parseScope(scope) !== undefined

/**
 * What the ticks say. Only what was asked for can be granted, whatever the form holds: a scope of which all is ticked, or
 * else the parts of it that are.
 * @returns undefined when nothing of the record was ticked although the app asked for some of it
 */
export function decide(requested: readonly string[], ticked: readonly string[]): Decision | undefined {
  const ticks = ticksFor(requested)
  const granted = requested.flatMap(scope => {
    if (isImplied(scope)) return [scope]
    const parts = ticks.flatMap(({ id, parts }) => parts.map(part => ({ ...part, isTicked: ticked.includes(id) })))
    const own = parts.filter(({ of }) => of === scope)
    if (own.length > 0 && own.every(({ isTicked }) => isTicked)) return [scope]
    return own.flatMap(({ isTicked, grants }) => (isTicked ? grants : []))
  })
  if (requested.some(isRecord) && !granted.some(isRecord)) return undefined
  const refused = requested.filter(scope => !granted.includes(scope))
  return { granted: [...new Set(granted)], refused, added: granted.filter(scope => !requested.includes(scope)) }
}

/** What a person ticked the last time, by the keys of the questions, and what she was asked. */
export type Choice = { readonly asked: readonly string[]; readonly ticked: readonly string[] }

/** The questions with the ticks that they start with: as the last time; what was not asked then starts without one. */
export function prefilled(ticks: readonly Tick[], last?: Choice): (Tick & { isTicked: boolean; isNew: boolean })[] {
  return ticks.map(tick => {
    const [context, kind] = tick.key.split(' ')
    const known = [tick.key, `${context} ${kind} ${tick.topic}`].find(key => last?.asked.includes(key))
    const isNew = last !== undefined && known === undefined
    return {
      ...tick,
      isNew,
      isTicked: known === undefined ? last === undefined : last?.ticked.includes(known) === true,
    }
  })
}
