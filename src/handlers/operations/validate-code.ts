import { invalid } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import type { Concept, Concepts } from '../../fhir/value-sets.ts'
import type { Coding, Input } from './input.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'
import { theCodeSystem, theValueSet } from './terminology.ts'

const DEFINITIONS = 'http://hl7.org/fhir/OperationDefinition'

/** What is to be looked up: a code and its system, a Coding, or any of the codings of a CodeableConcept. */
function codingsOf(input: Input): readonly Coding[] {
  const code = input.text('code')
  const system = input.text('system')
  const display = input.text('display')
  const concept = input.object('codeableConcept') as { coding?: Coding[] } | undefined
  const given = [
    ...(code === undefined ? [] : [{ code, ...(system ? { system } : {}), ...(display ? { display } : {}) }]),
    ...input.codings('coding'),
    ...(concept?.coding ?? []),
  ]
  if (given.length === 0) throw invalid('A code, a coding or a codeableConcept has to be given', undefined, 'required')
  return given
}

const isOf = ({ system, code }: Coding, concept: Concept): boolean =>
  code === concept.code && (system === undefined || system === concept.system)

const named = ({ system, code }: Coding): string => (system === undefined ? String(code) : `${system}|${code}`)

/** Whether the display that came along is what the code is called; case does not matter. */
const isCalled = ({ display }: Coding, concept: Concept): boolean =>
  display === undefined || display.toLowerCase() === concept.display.toLowerCase()

function judged(codings: readonly Coding[], { concepts, title, url }: Concepts): Json[] {
  for (const coding of codings) {
    const concept = concepts.find(each => isOf(coding, each))
    if (!concept) continue
    const { display } = concept
    if (isCalled(coding, concept))
      return [
        { name: 'result', valueBoolean: true },
        { name: 'display', valueString: display },
      ]
    const message = `${named(coding)} is called "${display}", not "${coding.display}"`
    return [
      { name: 'result', valueBoolean: false },
      { name: 'message', valueString: message },
      { name: 'display', valueString: display },
    ]
  }
  const message = `${codings.map(named).join(', ')} is not in ${title} (${url})`
  return [
    { name: 'result', valueBoolean: false },
    { name: 'message', valueString: message },
  ]
}

const answer = (parameter: Json[]): OperationAnswer => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ resourceType: 'Parameters', parameter }),
})

/** https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
async function inValueSet({ input }: Called): Promise<OperationAnswer> {
  return answer(judged(codingsOf(input), theValueSet(input.text('url') ?? '')))
}

/** https://hl7.org/fhir/R4/codesystem-operation-validate-code.html */
async function inCodeSystem({ input }: Called): Promise<OperationAnswer> {
  const url = input.text('url') ?? input.codings('coding')[0]?.system
  if (url === undefined) throw invalid('The url of the code system has to be given', undefined, 'required')
  return answer(judged(codingsOf(input), theCodeSystem(url)))
}

const shared = {
  name: 'validate-code',
  levels: { type: ['GET', 'POST'] },
  affectsState: false,
} as const

const CODES = {
  code: { type: 'code' },
  display: { type: 'string' },
  coding: { type: 'Coding' },
  codeableConcept: { type: 'CodeableConcept' },
} as const

/** ValueSet/$validate-code. */
export const validateCodeInValueSet: NamedOperation = {
  ...shared,
  definition: `${DEFINITIONS}/ValueSet-validate-code`,
  documentation: 'The value sets that $expand knows.',
  types: ['ValueSet'],
  parameters: { url: { type: 'uri', min: 1 }, system: { type: 'uri' }, ...CODES },
  run: inValueSet,
}

/** CodeSystem/$validate-code. */
export const validateCodeInCodeSystem: NamedOperation = {
  ...shared,
  definition: `${DEFINITIONS}/CodeSystem-validate-code`,
  documentation: 'The code systems of HL7 that such value sets contain as a whole.',
  types: ['CodeSystem'],
  parameters: { url: { type: 'uri' }, ...CODES },
  run: inCodeSystem,
}
