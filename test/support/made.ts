// Resources for tests of searches, each with as little as the test is about.
import type { Json } from '../../src/fhir/types.ts'

export const made = (resourceType: string, id: string, more: Json = {}): Json => ({ resourceType, id, ...more })

export const patient = (id: string, more: Json = {}): Json => made('Patient', id, more)

/** An Observation of a patient; without more it has no date and no value. */
export const observation = (id: string, of: string, more: Json = {}): Json =>
  made('Observation', id, {
    status: 'final',
    code: { text: 'a value' },
    subject: { reference: `Patient/${of}` },
    ...more,
  })

export const reference = (to: string): Json => ({ reference: to })

/** A Procedure of a patient: of what is no result she sees earlier versions, too. */
export const procedure = (id: string, of: string, more: Json = {}): Json =>
  made('Procedure', id, { status: 'completed', subject: { reference: `Patient/${of}` }, ...more })
