import type { Answer, Call } from './call.ts'
import { writeOne } from './create.ts'

/**
 * https://hl7.org/fhir/R4/http.html#delete: 204 whether it was there or not.
 * @throws FhirError 403, 412 (If-Match)
 */
export async function deleteOne(call: Call): Promise<Answer> {
  const { definition, id = '', conditions } = call
  const condition = conditions.ifMatch === undefined ? {} : { ifMatch: conditions.ifMatch }
  return await writeOne(call, { method: 'DELETE', definition, id, place: '', ...condition })
}

/**
 * https://hl7.org/fhir/R4/http.html#3.1.0.7.1: deletes the one that the query matches, or all where the type's
 * declaration says so.
 * @throws FhirError 400, 403, 412 (it matches several)
 */
export async function conditionalDelete(call: Call): Promise<Answer> {
  const { definition, params, conditions } = call
  const condition = conditions.ifMatch === undefined ? {} : { ifMatch: conditions.ifMatch }
  const several = definition.conditionalDelete === 'multiple'
  return await writeOne(call, { method: 'DELETE', definition, criteria: params, several, place: '', ...condition })
}
