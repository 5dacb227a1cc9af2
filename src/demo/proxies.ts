import type { BundleEntry, Extension } from 'fhir/r4.js'
import { type Known, reachedAt } from './patient.ts'
import { concept, hl7, put, SYSTEM, to, trustId } from './shapes.ts'
import { TRUST } from './trust.ts'

const ENGLAND = 'https://fhir.nhs.uk/England'

const created: Extension = {
  url: `${ENGLAND}/StructureDefinition/Extension-England-Consent-Status-Reason`,
  valueCodeableConcept: concept(`${ENGLAND}/CodeSystem/England-ConsentStatusReason`, 'ROLE_CREATED', 'Role created'),
}

const grantor: Extension = {
  url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Consent.grantor',
  valueReference: TRUST,
}

/** Her own decision, and the law's. */
const BASIS = {
  consent: concept(SYSTEM.actCode, 'OPTIN', 'opt-in', 'The patient asked for it'),
  parent: concept(
    `${ENGLAND}/CodeSystem/England-NHSProxyLegalBasis`,
    'parental-responsibility',
    'Parental responsibility',
  ),
}

const TOPICS = { Appointment: 'appointments' } as const

/** That one person may act for another: who, over what, from when to when. */
export type Proxy = {
  proxy: Known
  patient: Known
  /** v3-RoleCode: what the proxy is to the patient. */
  role: readonly [string, string]
  basis: keyof typeof BASIS
  /** Nothing but this type; everything without it. */
  only?: keyof typeof TOPICS
  start: string
  /** The last second of it: a FHIR Period includes its end. */
  end: string
}

/** Who the proxy is to the patient, and the Consent that lets her act. */
export function proxyEntries({ proxy, patient, role, basis, only, start, end }: Proxy): BundleEntry[] {
  const id = `${proxy.id}-for-${patient.id}`
  const [prefix, given, family] = proxy.name
  const actor = to(`RelatedPerson/${id}`, `${given} ${family}`)
  const limit = only && { class: [{ system: 'http://hl7.org/fhir/resource-types', code: only, display: TOPICS[only] }] }
  return [
    put({
      resourceType: 'RelatedPerson',
      id,
      ...(proxy.nhsNumber === undefined ? {} : { identifier: [{ system: SYSTEM.nhsNumber, value: proxy.nhsNumber }] }),
      active: true,
      patient: to(`Patient/${patient.id}`),
      relationship: [concept(hl7('v3-RoleCode'), ...role)],
      name: [{ use: 'official', family, given: [given], prefix: [prefix] }],
      ...reachedAt(proxy),
      gender: proxy.gender,
      birthDate: proxy.birthDate,
    }),
    put({
      resourceType: 'Consent',
      id,
      extension: [created, grantor],
      identifier: [trustId('proxy-role', id)],
      status: 'active',
      scope: concept(hl7('consentscope'), 'patient-privacy', 'Privacy Consent'),
      category: [concept(SYSTEM.actCode, 'INFA', 'information access')],
      patient: to(`Patient/${patient.id}`),
      dateTime: start,
      performer: [actor],
      organization: [TRUST],
      policyRule: BASIS[basis],
      provision: {
        type: 'permit',
        period: { start, end },
        actor: [{ role: concept(hl7('v3-RoleClass'), 'PRS', 'personal relationship'), reference: actor }],
        ...limit,
      },
    }),
  ]
}
