import type { Issue } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import { lookUp, named, outside, type Question } from '../../validation/terminology/look-up.ts'
import type { Server } from '../call.ts'
import { answersTo } from '../terminology-server.ts'

const NAMES: Readonly<Record<string, string>> = {
  'http://snomed.info/sct': 'SNOMED CT',
  'http://loinc.org': 'LOINC',
}
const MOST_NAMED = 10
const MOST_ISSUES = 100

/**
 * What was not looked up, said once and not for each code, so that nobody takes silence for agreement:
 * https://hl7.org/fhir/R4/terminologies.html#strength
 */
function notLookedUp(questions: readonly Question[], why: string): Issue[] {
  const systems = new Set(questions.flatMap(({ codings }) => codings.map(({ system }) => system || 'no system')))
  if (systems.size === 0) return []
  const names = [...systems].slice(0, MOST_NAMED).map(system => NAMES[system] ?? system.slice(0, 100))
  const more = systems.size > MOST_NAMED ? ` and of ${systems.size - MOST_NAMED} more` : ''
  const text = `Not looked up were the codes of ${names.join(', ')}${more}: ${why}`
  return [{ severity: 'information', code: 'not-supported', text }]
}

/** What the answers to a question come to: the issues, and what is open still. */
function judge(question: Question, answers: readonly (boolean | undefined)[]): { issues: Issue[]; open: Question[] } {
  const { expression, codings, binding } = question
  if (binding && answers.includes(true)) return { issues: [], open: [] }
  const unknown = codings.filter((_, index) => answers[index] === undefined)
  const open = unknown.length > 0 ? [{ ...question, codings: unknown }] : []
  if (binding) return { issues: open.length > 0 ? [] : [outside(binding, codings, expression)], open }
  const issues = codings
    .filter((_, index) => answers[index] === false)
    .map((coding): Issue => {
      const text = `There is no ${named(coding)}, says the terminology server`
      return { severity: 'warning', code: 'code-invalid', text, expression }
    })
  return { issues, open }
}

const HERE = 'their lists are not here'

/**
 * What `$validate` says of the codes of a resource: what the lists that are here say, then the terminology server, if
 * there is one; and which codes neither could tell.
 */
export async function codeIssues({ terminology }: Pick<Server, 'terminology'>, resource: Json): Promise<Issue[]> {
  const { issues, questions } = lookUp(resource)
  if (!terminology) return [...issues.slice(0, MOST_ISSUES), ...notLookedUp(questions, HERE)]
  const asked = questions.map(({ codings, binding }) => ({ codings, valueSet: binding?.url }))
  const answers = await answersTo(asked, terminology)
  const judged = questions.map((question, index) => judge(question, answers[index] ?? []))
  const found = [...issues, ...judged.flatMap(each => each.issues)].slice(0, MOST_ISSUES)
  const open = judged.flatMap(each => each.open)
  return [...found, ...notLookedUp(open, `${HERE}, and the terminology server could not tell`)]
}
