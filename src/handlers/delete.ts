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
