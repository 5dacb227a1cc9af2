import type { Address, ContactPoint, Extension, Patient } from 'fhir/r4.js'
import { concept, hl7, type More, SYSTEM, trustId, ukCore } from './shapes.ts'
import { SURGERY, TRUST } from './trust.ts'

const verified: Extension = {
  url: ukCore('Extension-UKCore-NHSNumberVerificationStatus'),
  valueCodeableConcept: concept(
    'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus',
    'number-present-and-verified',
    'Number present and verified',
  ),
}

/** Someone as the trust's index of patients knows them. */
export type Known = {
  id: string
  /** Title, given name, family name. */
  name: readonly [string, string, string]
  gender: 'female' | 'male'
  birthDate: string
  mrn: string
  nhsNumber?: string
  /** House in Example Street; a restricted record has neither address nor telephone. */
  house?: number
  phone?: string
}

/** What apps show of where somebody lives and is reached. */
export const reachedAt = ({ id, house, phone }: Known): { telecom?: ContactPoint[]; address?: Address[] } => ({
  ...(phone === undefined
    ? {}
    : {
        telecom: [
          { system: 'phone', value: phone, use: 'mobile' },
          { system: 'email', value: `${id}@example.org` },
        ],
      }),
  ...(house === undefined
    ? {}
    : {
        address: [
          {
            use: 'home',
            line: [`${house} Example Street`],
            city: 'Exampleton',
            postalCode: 'TE57 2NG',
            country: 'GBR',
          },
        ],
      }),
})

/** A Patient of UK Core's shape; `more` are the members that only some have. */
export function patientOf(known: Known, more: More<Patient> = {}): Patient & { id: string } {
  const { id, name, gender, birthDate, mrn, nhsNumber } = known
  const [prefix, given, family] = name
  const national =
    nhsNumber === undefined ? [] : [{ extension: [verified], system: SYSTEM.nhsNumber, value: nhsNumber }]
  return {
    resourceType: 'Patient',
    id,
    identifier: [
      ...national,
      {
        use: 'usual',
        type: concept(hl7('v2-0203'), 'MR', 'Medical record number'),
        ...trustId('mrn', mrn),
        assigner: TRUST,
      },
    ],
    active: true,
    name: [{ use: 'official', family, given: [given], prefix: [prefix] }],
    ...reachedAt(known),
    gender,
    birthDate,
    // A surgery is near its patients' homes: it is not told of those whose home is not.
    ...(known.house === undefined ? {} : { generalPractitioner: [SURGERY] }),
    managingOrganization: TRUST,
    ...more,
  }
}
