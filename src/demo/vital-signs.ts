import type { BundleEntry, Observation } from 'fhir/r4.js'
import { concept, hl7, loinc, type More, put, quantity, to, trustId } from './shapes.ts'
import { type Clinician, toPractitioner } from './trust.ts'

export type Measured = {
  patient: string
  /** Which visit: `1`, `2` … */
  visit: number
  at: string
  by: Clinician
  /** Upper and lower value, in mm[Hg]. */
  pressure: readonly [number, number]
  /** Beats a minute. */
  heartRate: number
  /** In kilograms. */
  weight: number
}

/** Blood pressure, heart rate and weight at one visit. https://hl7.org/fhir/R4/observation-vitalsigns.html */
export function vitalSigns({ patient, visit, at, by, pressure, heartRate, weight }: Measured): BundleEntry[] {
  const observation = (key: string, rest: Pick<Observation, 'code'> & More<Observation>): BundleEntry =>
    put({
      resourceType: 'Observation',
      id: `${patient}-${key}-${visit}`,
      identifier: [trustId('observation', `${patient}-${key}-${visit}`)],
      status: 'final',
      category: [concept(hl7('observation-category'), 'vital-signs', 'Vital Signs')],
      subject: to(`Patient/${patient}`),
      effectiveDateTime: at,
      issued: at,
      performer: [toPractitioner(by)],
      ...rest,
    })
  const millimetres = (value: number) => quantity(value, 'mm[Hg]', 'mmHg')
  const [systolic, diastolic] = pressure
  return [
    observation('blood-pressure', {
      code: loinc('85354-9', 'Blood pressure panel with all children optional', 'Blood pressure'),
      component: [
        { code: loinc('8480-6', 'Systolic blood pressure'), valueQuantity: millimetres(systolic) },
        { code: loinc('8462-4', 'Diastolic blood pressure'), valueQuantity: millimetres(diastolic) },
      ],
    }),
    observation('heart-rate', {
      code: loinc('8867-4', 'Heart rate'),
      valueQuantity: quantity(heartRate, '/min', 'beats/min'),
    }),
    observation('weight', {
      code: loinc('29463-7', 'Body weight'),
      valueQuantity: quantity(weight, 'kg'),
    }),
  ]
}
