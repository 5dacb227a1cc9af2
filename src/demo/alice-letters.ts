import type { BundleEntry } from 'fhir/r4.js'
import type { Calendar } from './calendar.ts'
import { html, letterEntries, pdf, plainText } from './letters.ts'
import { pdfOf } from './pdf.ts'
import { IVES, JESSOP } from './trust.ts'

const KNEE = [
  'Dear Mrs Archer,',
  'Thank you for coming to the knee clinic.',
  'The X-ray shows mild wear of the right knee. You do not need an operation.',
  'I have asked the physiotherapists to see you. I would like to see you again in six weeks.',
  'Yours sincerely,',
  'Mr Jonah Jessop, Consultant Orthopaedic Surgeon',
]

const BLOOD_PRESSURE = [
  'Dear Mrs Archer,',
  '',
  'Your blood pressure has come down well. Please go on with amlodipine 5 mg once a day.',
  'Your haemoglobin is normal again.',
  '',
  'Yours sincerely,',
  'Dr Isla Ives',
]

/** Two letters: one as PDF with the same words as a page beside it, one as plain text. */
export function aliceLetters({ clinic }: Calendar): BundleEntry[] {
  return [
    ...letterEntries({
      id: 'alice-letter-knee',
      patient: 'alice',
      who: JESSOP,
      date: clinic(-28, '12:00'),
      title: 'Knee clinic letter',
      versions: [pdf(pdfOf(['Example Hospitals NHS Trust', '', ...KNEE])), html('Knee clinic letter', KNEE)],
      appointment: 'alice-past',
    }),
    ...letterEntries({
      id: 'alice-letter-blood-pressure',
      patient: 'alice',
      who: IVES,
      date: clinic(-180, '17:10'),
      title: 'Blood pressure letter',
      versions: [plainText(BLOOD_PRESSURE)],
    }),
  ]
}
