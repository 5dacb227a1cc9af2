import type { FhirResource, OperationOutcome, OperationOutcomeIssue, Resource } from 'fhir/r4.js'

/** The names of the FHIR R4 resource types, as `@types/fhir` knows them. */
export type ResourceType = FhirResource['resourceType']

/** The TypeScript shape of one resource type: `ResourceOf<'Patient'>` is a Patient. */
export type ResourceOf<T extends ResourceType> = Extract<FhirResource, { resourceType: T }>

/** The issue types of https://hl7.org/fhir/R4/valueset-issue-type.html, as `@types/fhir` spells them. */
export type IssueType = OperationOutcomeIssue['code']

/** A resource as it came in: parsed JSON whose structure may not have been checked yet. */
export type Json = { [member: string]: unknown }

export type { FhirResource, OperationOutcome, OperationOutcomeIssue, Resource }
