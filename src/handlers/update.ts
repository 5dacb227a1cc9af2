import type { Answer, Call } from './call.ts'
import { writeOne } from './create.ts'
import { checkResource, type Intent } from './intent.ts'

const conditionsOf = ({ conditions: { ifMatch, ifNoneMatch } }: Call): Pick<Intent, 'ifMatch' | 'ifNoneMatch'> => ({
  ...(ifMatch === undefined ? {} : { ifMatch }),
  ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
})

/**
 * https://hl7.org/fhir/R4/http.html#update: a new version, or a new resource with the client's id.
 * @throws FhirError 400, 403, 412 (If-Match, If-None-Match), 422
 */
export async function update(call: Call): Promise<Answer> {
  const { definition, id = '' } = call
  const resource = checkResource(call.body, definition, id, '')
  return await writeOne(call, { method: 'PUT', definition, id, resource, place: '', ...conditionsOf(call) })
}

/**
 * https://hl7.org/fhir/R4/http.html#cond-update: creates when the query matches nothing, updates the one it matches.
 * @throws FhirError 400, 403, 412 (it matches several), 422
 */
export async function conditionalUpdate(call: Call): Promise<Answer> {
  const { definition, params } = call
  const resource = checkResource(call.body, definition, undefined, '')
  return await writeOne(call, {
    method: 'PUT',
    definition,
    criteria: params,
    resource,
    place: '',
    ...conditionsOf(call),
  })
}
