import { notFound } from '../fhir/outcome.ts'
import { definitionOf } from '../resources/index.ts'
import type { Answer } from './call.ts'
import { historySystem } from './history.ts'
import { type SystemCall, searchCompartment, searchSystem } from './search.ts'
import { checkId, type Parts, type Way } from './way.ts'

type Handle = (call: SystemCall, parts: Parts) => Promise<Answer>

const inCompartment: Handle = async (call, { id = '', compartmentType = '' }) => {
  checkId('Patient', id)
  return await searchCompartment(call, id, compartmentType)
}

/** A type, or `*` for all; what is spelled otherwise is something else, such as an operation. */
const TYPE = ':compartmentType(^(?:\\x2a|[A-Z][A-Za-z]+)$)'

/** The compartments of R4 but the patient's: https://hl7.org/fhir/R4/compartmentdefinition.html */
const OTHER_COMPARTMENTS = ['Device', 'Encounter', 'Practitioner', 'RelatedPerson']

const notKept = (type: string): Handle => {
  return async () => {
    throw notFound(`The compartment of a ${type} is not kept here; that of a Patient is: Patient/[id]/[type]`)
  }
}

const way = (method: 'GET' | 'POST', url: string, interaction: string, handle: Handle): Way => ({
  method,
  url,
  interaction,
  affectsState: false,
  body: 'form',
  // Which types are meant stands in the query: the searches decide it, before they look at the rest.
  permit: () => {},
  handle: async ({ parts, ...call }) => await handle(call, parts),
})

/**
 * The ways in to what is about several types: the search and history of the system
 * (https://hl7.org/fhir/R4/http.html#vsearch) and the compartment of a patient.
 */
export const SYSTEM_WAYS: readonly Way[] = [
  way('GET', '/', 'search-system', searchSystem),
  way('POST', '/_search', 'search-system', searchSystem),
  way('GET', '/_history', 'history-system', historySystem),
  way('GET', `/Patient/:id/${TYPE}`, 'search-type', inCompartment),
  way('POST', `/Patient/:id/${TYPE}/_search`, 'search-type', inCompartment),
  ...OTHER_COMPARTMENTS.filter(type => definitionOf(type)).map(type =>
    way('GET', `/${type}/:id/${TYPE}`, 'search-type', notKept(type)),
  ),
]
