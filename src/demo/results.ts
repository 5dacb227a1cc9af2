import type { BundleEntry, CodeableConcept, Coding, DiagnosticReport, Observation, Reference } from 'fhir/r4.js'
import { concept, hl7, loinc, put, quantity, SYSTEM, to, trustId } from './shapes.ts'
import { LABORATORY } from './trust.ts'

/** A test of the laboratory: what it measures, in which unit, and between which values most people are. */
export type Test = { key: string; code: CodeableConcept; unit: string; printed?: string; low?: number; high?: number }

const INTERPRETATIONS = { N: 'Normal', L: 'Low', H: 'High' } as const

function interpretationOf({ low, high }: Test, value: number): CodeableConcept {
  const code = low !== undefined && value < low ? 'L' : high !== undefined && value > high ? 'H' : 'N'
  return concept(hl7('v3-ObservationInterpretation'), code, INTERPRETATIONS[code])
}

function rangeOf({ low, high, unit, printed }: Test): Pick<Observation, 'referenceRange'> {
  if (low === undefined && high === undefined) return {}
  return {
    referenceRange: [
      {
        ...(low === undefined ? {} : { low: quantity(low, unit, printed) }),
        ...(high === undefined ? {} : { high: quantity(high, unit, printed) }),
      },
    ],
  }
}

export const LABORATORY_CATEGORY = concept(hl7('observation-category'), 'laboratory', 'Laboratory')

/** One report of the laboratory and the values that it is made of. */
export type Report = {
  id: string
  patient: string
  code: CodeableConcept
  taken: string
  issued: string
  values: readonly (readonly [Test, number])[]
  conclusion: string
  /** When the patient may see it, in the words of HL7 table 0909; at once without it. */
  tag?: Coding
  basedOn?: Reference
  specimen?: Reference
}

/** A tag of HL7 table 0909 https://terminology.hl7.org/CodeSystem-v2-0909.html */
export const release = (code: 'SID' | 'SWTH', display: string): Coding => ({
  system: SYSTEM.resultRelease,
  code,
  display,
})

/** The Observations of a report, then the DiagnosticReport itself; they are released when it is. */
export function reportEntries(report: Report): BundleEntry[] {
  const { id, patient, code, taken, issued, values, conclusion, tag, basedOn, specimen } = report
  const subject = to(`Patient/${patient}`)
  const links = { ...(basedOn ? { basedOn: [basedOn] } : {}) }
  const observations = values.map(([test, value]): Observation & { id: string } => ({
    resourceType: 'Observation',
    id: `${id}-${test.key}`,
    identifier: [trustId('observation', `${id}-${test.key}`)],
    ...links,
    status: 'final',
    category: [LABORATORY_CATEGORY],
    code: test.code,
    subject,
    effectiveDateTime: taken,
    issued,
    performer: [LABORATORY],
    valueQuantity: quantity(value, test.unit, test.printed),
    interpretation: [interpretationOf(test, value)],
    ...(specimen ? { specimen } : {}),
    ...rangeOf(test),
  }))
  const whole: DiagnosticReport & { id: string } = {
    resourceType: 'DiagnosticReport',
    id,
    ...(tag ? { meta: { tag: [tag] } } : {}),
    identifier: [trustId('report', id)],
    ...links,
    status: 'final',
    category: [concept(hl7('v2-0074'), 'LAB', 'Laboratory')],
    code,
    subject,
    effectiveDateTime: taken,
    issued,
    performer: [LABORATORY],
    ...(specimen ? { specimen: [specimen] } : {}),
    result: observations.map(observation => to(`Observation/${observation.id}`, observation.code.text)),
    conclusion,
  }
  return [...observations, whole].map(put)
}

/** Haemoglobin and what else of the blood is counted. */
export const BLOOD_COUNT = {
  code: loinc('58410-2', 'CBC panel - Blood by Automated count', 'Full blood count'),
  haemoglobin: {
    key: 'haemoglobin',
    code: loinc('718-7', 'Hemoglobin [Mass/volume] in Blood', 'Haemoglobin'),
    unit: 'g/L',
    low: 115,
    high: 165,
  },
  whiteCells: {
    key: 'white-cells',
    code: loinc('6690-2', 'Leukocytes [#/volume] in Blood by Automated count', 'White blood cells'),
    unit: '10*9/L',
    low: 3.6,
    high: 11,
  },
  redCells: {
    key: 'red-cells',
    code: loinc('789-8', 'Erythrocytes [#/volume] in Blood by Automated count', 'Red blood cells'),
    unit: '10*12/L',
    low: 3.8,
    high: 5.8,
  },
  platelets: {
    key: 'platelets',
    code: loinc('777-3', 'Platelets [#/volume] in Blood by Automated count', 'Platelets'),
    unit: '10*9/L',
    low: 140,
    high: 400,
  },
} as const

/** Urea and electrolytes: how the kidneys work. */
export const KIDNEYS = {
  code: loinc('24326-1', 'Electrolytes 1998 panel - Serum or Plasma', 'Urea and electrolytes'),
  sodium: {
    key: 'sodium',
    code: loinc('2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'Sodium'),
    unit: 'mmol/L',
    low: 133,
    high: 146,
  },
  potassium: {
    key: 'potassium',
    code: loinc('2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'Potassium'),
    unit: 'mmol/L',
    low: 3.5,
    high: 5.3,
  },
  urea: {
    key: 'urea',
    code: loinc('22664-7', 'Urea [Moles/volume] in Serum or Plasma', 'Urea'),
    unit: 'mmol/L',
    low: 2.5,
    high: 7.8,
  },
  creatinine: {
    key: 'creatinine',
    code: loinc('14682-9', 'Creatinine [Moles/volume] in Serum or Plasma', 'Creatinine'),
    unit: 'umol/L',
    printed: 'µmol/L',
    low: 45,
    high: 84,
  },
} as const

/** Blood sugar over the last weeks. */
export const HBA1C: Test = {
  key: 'hba1c',
  code: loinc('59261-8', 'Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol', 'HbA1c'),
  unit: 'mmol/mol',
  low: 20,
  high: 41,
}

export const FERRITIN: Test = {
  key: 'ferritin',
  code: loinc('2276-4', 'Ferritin [Mass/volume] in Serum or Plasma', 'Ferritin'),
  unit: 'ug/L',
  printed: 'µg/L',
  low: 15,
  high: 300,
}

export const CA125: Test = {
  key: 'ca125',
  code: loinc('10334-1', 'Cancer Ag 125 [Units/volume] in Serum or Plasma', 'CA 125'),
  unit: 'k[IU]/L',
  printed: 'kU/L',
  high: 35,
}
