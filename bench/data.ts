// The data of the benchmark: made from a seed, so that every run has the same. The shapes are those of a hospital's
// laboratory feed; names and numbers are invented.

/** Numbers from 0 to 1 that look random and are always the same. */
export function randomness(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export type Random = () => number
export type Json = Record<string, unknown>
export type Entry = { fullUrl: string; resource: Json; request: { method: string; url: string } }
export type Bundle = { resourceType: 'Bundle'; type: 'transaction'; entry: Entry[] }

const TESTS = [
  ['718-7', 'Hemoglobin [Mass/volume] in Blood', 'Haemoglobin', 'g/L', 110, 170],
  ['2160-0', 'Creatinine [Mass/volume] in Serum or Plasma', 'Creatinine', 'umol/L', 45, 110],
  ['2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'Sodium', 'mmol/L', 133, 146],
  ['2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'Potassium', 'mmol/L', 3.5, 5.3],
  ['4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood', 'HbA1c', 'mmol/mol', 20, 41],
  ['6690-2', 'Leukocytes [#/volume] in Blood by Automated count', 'White cells', '10*9/L', 4, 11],
  ['777-3', 'Platelets [#/volume] in Blood by Automated count', 'Platelets', '10*9/L', 150, 400],
  ['3016-3', 'Thyrotropin [Units/volume] in Serum or Plasma', 'TSH', 'mIU/L', 0.3, 4.2],
  ['1742-6', 'Alanine aminotransferase [Enzymatic activity/volume] in Serum', 'ALT', 'U/L', 10, 40],
  ['2093-3', 'Cholesterol [Mass/volume] in Serum or Plasma', 'Cholesterol', 'mmol/L', 2.5, 5.2],
] as const

const LAB = 'https://labs.example.nhs.uk'
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category'
const FIRST_DAY = Date.UTC(2015, 0, 1)
const DAYS = 3600

/** The id of the n-th patient. */
export const patientId = (n: number): string => `bench-${String(n).padStart(5, '0')}`

export const urn = (random: Random): string => {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`
}

/** A moment of the ten years in which everything has happened. */
export const moment = (random: Random): string =>
  new Date(FIRST_DAY + Math.floor(random() * DAYS * 86_400) * 1000).toISOString().replace('.000Z', '+00:00')

const vital = { coding: [{ system: CATEGORY, code: 'vital-signs', display: 'Vital Signs' }] }
const laboratory = { coding: [{ system: CATEGORY, code: 'laboratory', display: 'Laboratory' }], text: 'Laboratory' }

/** One result of about 1.4 KB; every fifth is no laboratory result. */
export function observation(random: Random, patient: string, more: Json = {}): Json {
  const [code, display, text, unit, low, high] = TESTS[Math.floor(random() * TESTS.length)] ?? TESTS[0]
  const taken = moment(random)
  const value = Number((low + (high - low) * random() * 1.2).toFixed(1))
  const lab = 1 + Math.floor(random() * 5)
  return {
    resourceType: 'Observation',
    meta: { profile: ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-Lab'] },
    identifier: [{ use: 'official', system: `${LAB}/result`, value: `R${Math.floor(random() * 1e12)}` }],
    status: 'final',
    category: [random() < 0.8 ? laboratory : vital],
    code: { coding: [{ system: 'http://loinc.org', code, display }], text },
    subject: { reference: `Patient/${patient}`, display: `Patient ${patient}` },
    effectiveDateTime: taken,
    issued: taken,
    performer: [{ reference: `Organization/bench-lab-${lab}`, display: `Pathology laboratory ${lab}` }],
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
    interpretation: [interpretationOf(value > high ? 'H' : 'N')],
    note: [{ text: `Sample received in good condition; analysed on the routine line of laboratory ${lab}.` }],
    referenceRange: [
      {
        low: { value: low, unit, system: 'http://unitsofmeasure.org', code: unit },
        high: { value: high, unit, system: 'http://unitsofmeasure.org', code: unit },
        text: `${low} to ${high} ${unit}`,
      },
    ],
    ...more,
  }
}

const interpretationOf = (code: 'H' | 'N'): Json => ({
  coding: [
    {
      system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
      code,
      display: code === 'H' ? 'High' : 'Normal',
    },
  ],
})

export const put = (type: string, id: string, resource: Json): Entry => ({
  fullUrl: `https://feed.example.nhs.uk/${type}/${id}`,
  resource: { resourceType: type, id, ...resource },
  request: { method: 'PUT', url: `${type}/${id}` },
})

export const post = (fullUrl: string, resource: Json): Entry => ({
  fullUrl,
  resource,
  request: { method: 'POST', url: String(resource.resourceType) },
})

export const transaction = (entry: Entry[]): Bundle => ({ resourceType: 'Bundle', type: 'transaction', entry })

/** How many resources are in one delivery. */
export const DELIVERY = 100

/**
 * What a laboratory sends in one go: four requests, each with a report and 23 results that name the request, and are
 * named by the report, through urn:uuid references. 100 resources.
 */
export function delivery(n: number): Bundle {
  const random = randomness(1_000_000 + n)
  const patient = patientId(n)
  const subject = { reference: `Patient/${patient}` }
  const entries = [1, 2, 3, 4].flatMap(() => {
    const [request, report] = [urn(random), urn(random)]
    const results = Array.from({ length: DELIVERY / 4 - 2 }, () =>
      post(urn(random), observation(random, patient, { basedOn: [{ reference: request }] })),
    )
    const code = { coding: [{ system: 'http://loinc.org', code: '11502-2', display: 'Laboratory report' }] }
    const common = { status: 'completed', intent: 'order', code, subject, authoredOn: moment(random) }
    const reported = { status: 'final', code, subject, effectiveDateTime: moment(random), issued: moment(random) }
    const result = results.map(({ fullUrl }) => ({ reference: fullUrl }))
    return [
      post(request, { resourceType: 'ServiceRequest', ...common }),
      post(report, { resourceType: 'DiagnosticReport', basedOn: [{ reference: request }], ...reported, result }),
      ...results,
    ]
  })
  return transaction(entries)
}
