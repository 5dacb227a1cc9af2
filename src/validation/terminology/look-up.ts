import type { Issue } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import { isUnit, UCUM } from '../../fhir/ucum.ts'
import { codeSystemOf } from '../../fhir/value-sets.ts'
import { isLanguage } from '../bindings.ts'
import { ADVICE as PROFILE_ADVICE } from '../profiles/binding.ts'
import { hasCode } from '../profiles/codes.ts'
import type { Coded } from '../profiles/codings.ts'
import { quote } from '../report.ts'
import type { Binding, Strength } from './bindings.ts'
import { type Place, placesIn } from './places.ts'

/** A question that nothing here can answer: whether a value set has one of some codings, or a system its code. */
export type Question = {
  readonly expression: string
  readonly codings: readonly Coded[]
  /** Nothing where only the code systems are asked. */
  readonly binding: Binding | undefined
}

/** What the codes of a resource have against their bindings, and what could not be told here. */
export type LookedUp = { readonly issues: readonly Issue[]; readonly questions: readonly Question[] }

const LONGEST = 100
const LANGUAGES = 'urn:ietf:bcp:47'
const ADVICE: Readonly<Record<Strength, string>> = {
  ...PROFILE_ADVICE,
  limited: 'which limits the codes here',
  preferred: 'which is the preferred one',
}

/** A code with its system, as sentences name it. */
export const named = ({ system, code }: Coded): string =>
  system ? `${quote(code)} of ${system.slice(0, LONGEST)}` : quote(code)

/** That none of some codings is of the value set that their element is bound to. */
export function outside({ strength, url, title }: Binding, codings: readonly Coded[], expression: string): Issue {
  const severity = strength === 'required' ? 'error' : 'warning'
  const set = title === '' ? url : `${title} (${url})`
  const text = `${codings.map(named).join(', ')} is not of ${set}, ${ADVICE[strength]}`
  return { severity, code: 'code-invalid', text, expression }
}

const known = new Map<string, ReadonlySet<string> | undefined>()

/** The codes of a code system of HL7 that is known here as a whole. */
function codesOfSystem(system: string): ReadonlySet<string> | undefined {
  if (!known.has(system) && codeSystemOf(system) === undefined) return undefined
  if (!known.has(system)) known.set(system, new Set(codeSystemOf(system)?.concepts.map(({ code }) => code)))
  return known.get(system)
}

/** Whether a code is of its code system; undefined where that cannot be told here. */
function isOfSystem({ system = '', code }: Coded): boolean | undefined {
  if (system === UCUM) return isUnit(code)
  if (system === LANGUAGES) return isLanguage(code)
  return codesOfSystem(system)?.has(code)
}

/** Whether a value set has a code; of those that have all units or all languages, their own rules tell. */
function isOfSet({ codes }: Binding, coding: Coded): boolean | undefined {
  const answer = hasCode(codes, coding.system, coding.code)
  const tellsItself = coding.system === UCUM || coding.system === LANGUAGES
  return answer === undefined && tellsItself && codes.listed.size === 0 ? isOfSystem(coding) : answer
}

function lookUpPlace({ expression, codings, binding, required }: Place, found: Issue[], questions: Question[]): void {
  const answers = codings.map(coding => (binding ? isOfSet(binding, coding) : undefined))
  const open = binding && !answers.includes(true) ? codings.filter((_, index) => answers[index] === undefined) : []
  if (open.length > 0) questions.push({ expression, codings: open, binding })
  const isOutside = binding !== undefined && answers.every(answer => answer === false)
  if (isOutside) found.push(outside(binding, codings, expression))
  const others = codings.filter(
    ({ system, code }, index) => system && answers[index] !== true && !required?.[system]?.includes(code),
  )
  const wrong = isOutside ? [] : others.filter(coding => isOfSystem(coding) === false)
  for (const coding of wrong)
    found.push({ severity: 'warning', code: 'code-invalid', text: `There is no ${named(coding)}`, expression })
  const unknown = others.filter(coding => !open.includes(coding) && isOfSystem(coding) === undefined)
  if (unknown.length > 0) questions.push({ expression, codings: unknown, binding: undefined })
}

/**
 * Looks the codes of a resource up in what R4 binds them to, as far as it is here: https://hl7.org/fhir/R4/terminologies.html
 */
export function lookUp(resource: Json): LookedUp {
  const issues: Issue[] = []
  const questions: Question[] = []
  for (const place of placesIn(resource)) lookUpPlace(place, issues, questions)
  return { issues, questions }
}
