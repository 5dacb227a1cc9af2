import t from 'tap'
import { subset } from '../../src/fhir/subset.ts'
import type { Json } from '../../src/fhir/types.ts'

const patient: Json = {
  resourceType: 'Patient',
  id: '1',
  meta: { versionId: '1', tag: [{ code: 'mine' }] },
  text: { status: 'generated', div: '<div>Alice</div>' },
  name: [{ family: 'Archer' }],
  birthDate: '1975-04-12',
  _birthDate: { extension: [{ url: 'http://example.org/certainty', valueString: 'sure' }] },
  maritalStatus: { text: 'married' },
  contact: [{ name: { family: 'Archer' } }],
  deceasedBoolean: false,
  link: [{ other: { reference: 'Patient/2' }, type: 'seealso' }],
}

const letter: Json = {
  resourceType: 'DocumentReference',
  id: '1',
  status: 'current',
  description: 'A letter',
  content: [{ attachment: { contentType: 'text/plain', data: 'AAAA', title: 'Letter' } }],
}

const whole = { summary: 'false', elements: undefined } as const
const tag = { code: 'SUBSETTED' }
const namesOf = (resource: Json): string[] => Object.keys(resource).sort()

t.test('a summary has the elements that the standard marks, and the data of an attachment is none', async t => {
  t.same(namesOf(subset(patient, { ...whole, summary: 'true' })), [
    '_birthDate',
    'birthDate',
    'deceasedBoolean',
    'id',
    'link',
    'meta',
    'name',
    'resourceType',
  ])
  t.same(subset(letter, { ...whole, summary: 'true' }).content, [
    { attachment: { contentType: 'text/plain', title: 'Letter' } },
  ])
})

t.test('a summary of the text has the text and what is mandatory, one of the data all but the text', async t => {
  t.same(namesOf(subset(letter, { ...whole, summary: 'text' })), ['content', 'id', 'meta', 'resourceType', 'status'])
  t.ok('text' in subset(patient, { ...whole, summary: 'text' }))
  const data = subset(patient, { ...whole, summary: 'data' })
  t.notOk('text' in data)
  t.same(data.maritalStatus, patient.maritalStatus)
})

t.test('_elements gives what was named, and always what is mandatory or a modifier', async t => {
  const shown = subset(patient, { ...whole, elements: ['Patient.birthDate', 'Observation.code'] })
  t.same(namesOf(shown), ['_birthDate', 'birthDate', 'deceasedBoolean', 'id', 'link', 'meta', 'resourceType'])
  t.same(namesOf(subset(letter, { ...whole, elements: ['description'] })), [
    'content',
    'description',
    'id',
    'meta',
    'resourceType',
    'status',
  ])
})

t.test('what is not whole says so, once, and what is whole does not', async t => {
  const once = subset(patient, { ...whole, summary: 'true' })
  t.match(once.meta, { versionId: '1', tag: [{ code: 'mine' }, tag] })
  t.equal((subset(once, { ...whole, summary: 'true' }).meta as { tag: unknown[] }).tag.length, 2)
  t.equal(subset(patient, whole), patient)
})

t.test('a part of which the summary would leave nothing stays as it is', async t => {
  const odd: Json = {
    resourceType: 'Observation',
    status: 'final',
    code: { extension: [{ url: 'http://x', valueCode: 'unknown' }] },
  }
  t.same(subset(odd, { ...whole, summary: 'true' }).code, odd.code)
})
