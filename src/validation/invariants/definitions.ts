import type { Json } from '../../fhir/types.ts'
import { chosen, has, type Invariants, invariants } from '../invariant.ts'

const hasPathOrParam = (filter: Json): boolean => has(filter, 'path') !== has(filter, 'searchParam')
const PATH_OR_PARAM = 'It needs a path or a searchParam, not both'

function hasWhatItsTypeNeeds(trigger: Json): boolean {
  const type = String(trigger.type ?? '')
  if (type === 'named-event') return has(trigger, 'name')
  if (type === 'periodic') return chosen(trigger, 'timing') !== undefined
  return !type.startsWith('data-') || has(trigger, 'data')
}

/** Those of the datatypes that definitions are made of: https://hl7.org/fhir/R4/metadatatypes.html */
export const DEFINITIONS: Readonly<Record<string, Invariants>> = {
  'DataRequirement.codeFilter': invariants({ 'drq-1': [hasPathOrParam, PATH_OR_PARAM] }),
  'DataRequirement.dateFilter': invariants({ 'drq-2': [hasPathOrParam, PATH_OR_PARAM] }),
  Expression: invariants({
    'exp-1': [
      expression => has(expression, 'expression') || has(expression, 'reference'),
      'An expression needs its text or a reference to it',
    ],
  }),
  TriggerDefinition: invariants({
    'trd-1': [
      trigger => !has(trigger, 'data') || chosen(trigger, 'timing') === undefined,
      'A trigger has a timing or data, not both',
    ],
    'trd-2': [
      trigger => !has(trigger, 'condition') || has(trigger, 'data'),
      'A trigger may have a condition only with data',
      'condition',
    ],
    'trd-3': [hasWhatItsTypeNeeds, 'A named-event needs a name, a periodic trigger a timing, and one of data its data'],
  }),
}
