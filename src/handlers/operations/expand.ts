import { foldString } from '../../fhir/strings.ts'
import { TERMINOLOGY_VERSION } from '../../fhir/value-sets.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'
import { theValueSet } from './terminology.ts'

/** https://hl7.org/fhir/R4/valueset-operation-expand.html */
async function run({ input, now }: Called): Promise<OperationAnswer> {
  const { url, title, concepts } = theValueSet(input.text('url') ?? '')
  const words = foldString(input.text('filter') ?? '')
    .split(' ')
    .filter(Boolean)
  const isWanted = (text: string) => words.every(word => foldString(text).includes(word))
  const found = concepts.filter(({ code, display }) => isWanted(`${code} ${display}`))
  const offset = Number(input.text('offset') ?? 0)
  const count = Number(input.text('count') ?? found.length)
  const contains = found.slice(offset, offset + count)
  const used = ['filter', 'offset', 'count'].flatMap(name => {
    const value = input.text(name)
    if (value === undefined) return []
    return [name === 'filter' ? { name, valueString: value } : { name, valueInteger: Number(value) }]
  })
  const valueSet = {
    resourceType: 'ValueSet',
    url,
    version: TERMINOLOGY_VERSION,
    title,
    status: 'active',
    expansion: {
      timestamp: now.toISOString(),
      total: found.length,
      offset,
      ...(used.length > 0 ? { parameter: used } : {}),
      ...(contains.length > 0 ? { contains } : {}),
    },
  }
  return { status: 200, headers: {}, body: JSON.stringify(valueSet) }
}

/** ValueSet/$expand. */
export const expand: NamedOperation = {
  name: 'expand',
  definition: 'http://hl7.org/fhir/OperationDefinition/ValueSet-expand',
  documentation:
    'The closed value sets of up to 300 codes that elements of the served types are bound to; filter finds words anywhere in code and display, whatever their case and accents.',
  levels: { type: ['GET', 'POST'] },
  types: ['ValueSet'],
  affectsState: false,
  parameters: {
    url: { type: 'uri', min: 1 },
    filter: { type: 'string' },
    offset: { type: 'unsignedInt' },
    count: { type: 'unsignedInt' },
  },
  run,
}
