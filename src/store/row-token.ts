import type { Token } from '../fhir/extract.ts'
import { tokenKeys } from './hash.ts'

/** The codes of a parameter: as the line of its set, and as the keys that find them. */
export function keysOfTokens(param: string, tokens: readonly Token[]): { doc: string; keys: string[] } {
  const keys = new Set<string>()
  const pairs = new Set<string>()
  for (const token of tokens) {
    const { system = '', code } = token
    if (code === undefined) continue
    pairs.add(`${system}|${code}`)
    for (const key of formsOf(param, token)) keys.add(key)
  }
  return { doc: [...pairs].sort().join('\n'), keys: [...keys] }
}

/** What a token is found by: system and code, the code alone, the system alone (https://hl7.org/fhir/R4/search.html#token). */
export function formsOf(param: string, { system, code }: Token): string[] {
  if (code === undefined) return system === undefined ? [] : [tokenKeys.system(param, system)]
  return [
    tokenKeys.exact(param, system ?? '', code),
    tokenKeys.code(param, code),
    tokenKeys.system(param, system ?? ''),
  ]
}

/**
 * What has no code (a concept in words, an identifier without its value) is there all the same, and found by its system.
 * It stands among the keys of the row, never in a set: sets are of codes.
 */
export const keysWithoutCode = (param: string, tokens: readonly Token[]): string[] =>
  tokens.filter(({ code }) => code === undefined).flatMap(token => [...formsOf(param, token), tokenKeys.present(param)])
