import type { Answer, Call } from './call.ts'
import { writeOne } from './create.ts'
import { type Intent, patchFrom } from './intent.ts'

async function patchWhat(call: Call, what: Pick<Intent, 'id' | 'criteria'>): Promise<Answer> {
  const { definition, body, conditions } = call
  const condition = conditions.ifMatch === undefined ? {} : { ifMatch: conditions.ifMatch }
  return await writeOne(call, { method: 'PATCH', definition, patch: patchFrom(body), place: '', ...what, ...condition })
}

/**
 * https://hl7.org/fhir/R4/http.html#patch: JSON Patch or FHIRPath Patch.
 * @throws FhirError 400, 403, 404, 410, 412 (If-Match), 422 (it does not fit, or what it makes is not right)
 */
export const patch = (call: Call): Promise<Answer> => patchWhat(call, { id: call.id ?? '' })

/**
 * A patch of the one resource that the query matches.
 * @throws FhirError as `patch`; 404 when nothing matches, 412 when several do
 */
export const conditionalPatch = (call: Call): Promise<Answer> => patchWhat(call, { criteria: call.params })
