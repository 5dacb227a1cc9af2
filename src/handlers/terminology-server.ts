import { turns } from '../store/turns.ts'
import type { Coded } from '../validation/profiles/codings.ts'
import { isObject } from '../validation/run.ts'

/** A code that may be of a value set, or, where none is named, of its code system. */
export type Asked = {
  readonly system: string | undefined
  readonly code: string
  readonly valueSet: string | undefined
}

/** Says of each code whether it is; undefined where that could not be found out, for whatever reason. Never throws. */
export type TerminologyServer = (asked: readonly Asked[]) => Promise<(boolean | undefined)[]>

/** How patient the client is, and how much it remembers. */
export type Limits = {
  /** For one question, and for all that are asked together. */
  readonly answerWithin: number
  readonly allWithin: number
  /** How long nothing is asked after it did not answer. */
  readonly restFor: number
  readonly rememberFor: number
  readonly remembered: number
  /** How many questions are under way at once, and how many are asked together at most. */
  readonly atOnce: number
  readonly together: number
}

export const LIMITS: Limits = {
  answerWithin: 4000,
  allWithin: 8000,
  restFor: 30_000,
  rememberFor: 3_600_000,
  remembered: 10_000,
  atOnce: 4,
  together: 100,
}

const MOST_BYTES = 256 * 1024
/** What is longer is no code, and not sent anywhere. */
const LONGEST = 200
/** How servers say that they do not know the system: their `false` is no answer then. */
const UNKNOWN_SYSTEM = /^x-(?:caused-by-)?unknown-system$/

const part = (name: string, type: 'valueUri' | 'valueCode', value: string | undefined) =>
  value === undefined ? [] : [{ name, [type]: value }]

/** https://hl7.org/fhir/R4/valueset-operation-validate-code.html, https://hl7.org/fhir/R4/codesystem-operation-validate-code.html */
const parametersOf = ({ system, code, valueSet }: Asked) => ({
  resourceType: 'Parameters',
  parameter: [
    ...part('url', 'valueUri', valueSet ?? system),
    ...part('code', 'valueCode', code),
    ...(valueSet === undefined ? [] : part('system', 'valueUri', system)),
  ],
})

/** Reads an answer, as long as it is one. @throws when there is no end to it, or it is no JSON */
async function jsonOf(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    size += next.value.length
    if (size > MOST_BYTES) {
      await reader?.cancel()
      throw new Error('The terminology server says too much')
    }
    chunks.push(next.value)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function resultOf(answer: unknown): boolean | undefined {
  if (!isObject(answer) || answer.resourceType !== 'Parameters' || !Array.isArray(answer.parameter)) return undefined
  const parameters = answer.parameter.filter(isObject)
  if (parameters.some(({ name }) => UNKNOWN_SYSTEM.test(String(name)))) return undefined
  const result = parameters.find(({ name }) => name === 'result')?.valueBoolean
  return typeof result === 'boolean' ? result : undefined
}

type Remembered = { readonly answer: boolean; readonly until: number }

/** The answers of the last hour, the oldest of which make room for new ones. */
function memory({ remembered, rememberFor }: Limits, now: () => number) {
  const answers = new Map<string, Remembered>()
  return {
    get(key: string): boolean | undefined {
      const known = answers.get(key)
      return known && known.until > now() ? known.answer : undefined
    },
    set(key: string, answer: boolean): void {
      answers.delete(key)
      answers.set(key, { answer, until: now() + rememberFor })
      const [oldest] = answers.keys()
      if (answers.size > remembered && oldest !== undefined) answers.delete(oldest)
    },
  }
}

const keyOf = ({ system = '', code, valueSet = '' }: Asked): string => `${valueSet}\n${system}\n${code}`
const mayBeAsked = ({ system = '', code, valueSet = '' }: Asked): boolean =>
  [system, code, valueSet].every(each => each.length <= LONGEST) && (system !== '' || valueSet !== '')

/**
 * Asks a terminology server about codes, by `$validate-code`. It is told system, code and value set, and nothing else of
 * a resource. One that is slow, down or says something else leaves a code unchecked.
 */
export function terminologyServer(base: string, clock: () => Date, limits: Limits = LIMITS): TerminologyServer {
  const now = () => clock().getTime()
  const known = memory(limits, now)
  const inTurn = turns(limits.atOnce)
  let restsUntil = 0

  async function ask(asked: Asked, end: AbortSignal): Promise<boolean | undefined> {
    if (end.aborted || restsUntil > now()) return undefined
    const signal = AbortSignal.any([end, AbortSignal.timeout(limits.answerWithin)])
    const type = asked.valueSet === undefined ? 'CodeSystem' : 'ValueSet'
    const media = 'application/fhir+json'
    try {
      const response = await fetch(`${base}/${type}/$validate-code`, {
        method: 'POST',
        headers: { accept: media, 'content-type': media },
        body: JSON.stringify(parametersOf(asked)),
        redirect: 'error',
        signal,
      })
      if (response.status !== 200) {
        await response.body?.cancel()
        return undefined
      }
      const answer = resultOf(await jsonOf(response))
      if (answer !== undefined) known.set(keyOf(asked), answer)
      return answer
    } catch (error) {
      // Not to be reached, too slow, or no JSON: the code is unchecked, which is said to who asked.
      if (!(error instanceof SyntaxError)) restsUntil = now() + limits.restFor
      return undefined
    }
  }

  return async asked => {
    const end = AbortSignal.timeout(limits.allWithin)
    const answers = new Map<string, Promise<boolean | undefined>>()
    let count = 0
    for (const each of asked) {
      const key = keyOf(each)
      if (answers.has(key) || !mayBeAsked(each)) continue
      const remembered = known.get(key)
      if (remembered !== undefined) answers.set(key, Promise.resolve(remembered))
      else if (count++ < limits.together)
        answers.set(
          key,
          inTurn(() => ask(each, end)),
        )
    }
    return await Promise.all(asked.map(each => answers.get(keyOf(each))))
  }
}

/** Some codes, of which it is asked whether they are of a value set or, where none is named, of their systems. */
type CodesAsked = { readonly codings: readonly Coded[]; readonly valueSet: string | undefined }

/** The answers to questions of several codes each, in their order; without a server no code has one. */
export async function answersTo(
  questions: readonly CodesAsked[],
  terminology: TerminologyServer | undefined,
): Promise<readonly (boolean | undefined)[][]> {
  const asked = questions.flatMap(({ codings, valueSet }) => codings.map(coding => ({ ...coding, valueSet })))
  const answers = terminology && asked.length > 0 ? await terminology(asked) : []
  let at = 0
  return questions.map(({ codings }) => codings.map(() => answers[at++]))
}
