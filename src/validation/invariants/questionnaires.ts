import type { Json } from '../../fhir/types.ts'
import { chosen, has, type Invariants, invariants, listOf, objectsOf } from '../invariant.ts'

const CHOOSABLE = ['choice', 'open-choice', 'decimal', 'integer', 'date', 'dateTime', 'time', 'string', 'quantity']
const MEASURABLE = ['boolean', 'decimal', 'integer', 'string', 'text', 'url', 'open-choice']

const isOf = ({ type }: Json, types: readonly string[]): boolean => types.includes(String(type))
const isDisplay = ({ type }: Json): boolean => type === 'display'

/** Every linkId at any depth. */
function linkIds(items: unknown, found: unknown[] = []): unknown[] {
  for (const { linkId, item } of objectsOf(items)) {
    if (linkId !== undefined) found.push(linkId)
    linkIds(item, found)
  }
  return found
}

function areUnique({ item }: Json): boolean {
  const ids = linkIds(item)
  return new Set(ids).size === ids.length
}

/** Those of https://hl7.org/fhir/R4/questionnaire.html and its responses, by the element that has them. */
export const QUESTIONNAIRES: Readonly<Record<string, Invariants>> = {
  Questionnaire: invariants({
    'que-2': [areUnique, 'Each linkId may be there once in a questionnaire'],
  }),
  'Questionnaire.item': invariants({
    'que-1': [
      item => (item.type === 'group' ? has(item, 'item') : !isDisplay(item) || !has(item, 'item')),
      'A group has items of its own, a display has none',
      'item',
    ],
    'que-3': [item => !isDisplay(item) || !has(item, 'code'), 'A display has no code', 'code'],
    'que-4': [
      item => !has(item, 'answerOption') || !has(item, 'answerValueSet'),
      'A question has answerOption or answerValueSet, not both',
    ],
    'que-5': [
      item => isOf(item, CHOOSABLE) || (!has(item, 'answerOption') && !has(item, 'answerValueSet')),
      `Only a question of the type ${CHOOSABLE.join(', ')} may have answerOption or answerValueSet`,
    ],
    'que-6': [
      item => !isDisplay(item) || (!has(item, 'required') && !has(item, 'repeats')),
      'A display is neither required nor repeated',
    ],
    'que-8': [
      item => !isOf(item, ['group', 'display']) || !has(item, 'initial'),
      'A group or display has no initial value',
      'initial',
    ],
    'que-9': [item => !isDisplay(item) || !has(item, 'readOnly'), 'A display is not read-only', 'readOnly'],
    'que-10': [
      item => isOf(item, MEASURABLE) || !has(item, 'maxLength'),
      `Only a question of the type ${MEASURABLE.join(', ')} may have a maxLength`,
      'maxLength',
    ],
    'que-11': [
      item => !has(item, 'answerOption') || !has(item, 'initial'),
      'A question with answerOption has no initial value of its own',
      'initial',
    ],
    'que-12': [
      item => listOf(item.enableWhen).length <= 2 || has(item, 'enableBehavior'),
      'Several enableWhen need an enableBehavior: all or any',
      'enableBehavior',
    ],
    'que-13': [
      item => item.repeats === true || listOf(item.initial).length <= 1,
      'Only a question that repeats may have several initial values',
      'initial',
    ],
  }),
  'Questionnaire.item.enableWhen': invariants({
    'que-7': [
      condition =>
        condition.operator !== 'exists' || (chosen(condition, 'answer') ?? 'answerBoolean') === 'answerBoolean',
      'With the operator exists the answer is an answerBoolean',
    ],
  }),
  'QuestionnaireResponse.item': invariants({
    'qrs-1': [
      item => !has(item, 'answer') || !has(item, 'item'),
      'Nested items are below the item or below its answer, not both',
    ],
  }),
}
