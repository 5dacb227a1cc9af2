import type { BundleEntry, CodeableConcept, FhirResource, Identifier, Quantity, Reference } from 'fhir/r4.js'

/** The identifiers of the trust, https://simplifier.net/guide/uk-core-implementation-guide */
export const SYSTEM = {
  nhsNumber: 'https://fhir.nhs.uk/Id/nhs-number',
  ods: 'https://fhir.nhs.uk/Id/ods-organization-code',
  site: 'https://fhir.nhs.uk/Id/ods-site-code',
  gmc: 'https://fhir.hl7.org.uk/Id/gmc-number',
  trust: 'https://fhir.example-trust.nhs.uk/Id',
  specialty: 'https://fhir.nhs.uk/CodeSystem/Specialty-1',
  confidentiality: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  resultRelease: 'http://terminology.hl7.org/CodeSystem/v2-0909',
  actCode: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
} as const

/** HL7's terminology: `hl7('v2-0074')`. */
export const hl7 = (name: string): string => `http://terminology.hl7.org/CodeSystem/${name}`

/** A definition of UK Core: `ukCore('Extension-UKCore-DeliveryChannel')`. */
export const ukCore = (name: string): string => `https://fhir.hl7.org.uk/StructureDefinition/${name}`

/** One code, with words for those who do not know it. */
export const concept = (system: string, code: string, display: string, text = display): CodeableConcept => ({
  coding: [{ system, code, display }],
  text,
})

export const snomed = (code: string, display: string, text?: string): CodeableConcept =>
  concept('http://snomed.info/sct', code, display, text)

export const loinc = (code: string, display: string, text?: string): CodeableConcept =>
  concept('http://loinc.org', code, display, text)

export const specialty = (code: string, display: string): CodeableConcept => concept(SYSTEM.specialty, code, display)

/** A number in a unit of UCUM, which is also how it is printed unless said otherwise. */
export const quantity = (value: number, code: string, unit = code): Quantity => ({
  value,
  unit,
  system: 'http://unitsofmeasure.org',
  code,
})

export const to = (reference: string, display?: string): Reference =>
  display === undefined ? { reference } : { reference, display }

/** A number of the trust's own: of a message, a report, an appointment. */
export const trustId = (kind: string, value: string): Identifier => ({ system: `${SYSTEM.trust}/${kind}`, value })

/** The members that only some resources of a type have; which type and which id is said elsewhere. */
export type More<T extends FhirResource> = Omit<Partial<T>, 'id' | 'resourceType'>

type Identified = FhirResource & { id: string }

const WITHOUT_PROFILE = new Set(['Binary'])

/** An entry of a transaction that puts a resource at its own id, named as the trust's and as UK Core. */
export function put(resource: Identified): BundleEntry {
  const { resourceType, id, meta } = resource
  const profile = WITHOUT_PROFILE.has(resourceType) ? {} : { profile: [ukCore(`UKCore-${resourceType}`)] }
  return {
    resource: { ...resource, meta: { source: 'https://fhir.example-trust.nhs.uk', ...profile, ...meta } },
    request: { method: 'PUT', url: `${resourceType}/${id}` },
  }
}
