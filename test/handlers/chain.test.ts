// Searches that go along references and back along them, as an engine and as two patients ask them.
import t from 'tap'
import { client, namesOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const NHS = 'https://fhir.nhs.uk/Id/nhs-number'
const LOINC = 'http://loinc.org'
const ref = (reference: string) => ({ reference })
const loinc = (code: string) => ({ coding: [{ system: LOINC, code }] })

const person = (id: string, family: string, nhs: string) => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: NHS, value: nhs }],
  name: [{ family, given: [id] }],
  generalPractitioner: [ref('Organization/surgery')],
})
const observation = (id: string, patient: string, code: string, encounter: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: loinc(code),
  subject: ref(`Patient/${patient}`),
  encounter: ref(`Encounter/${encounter}`),
  performer: [ref('Practitioner/dr-shah')],
})
const encounter = (id: string, patient: string, ward: string) => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: ref(`Patient/${patient}`),
  location: [{ location: ref(`Location/${ward}`) }],
})
const report = (id: string, patient: string, result: string) => ({
  resourceType: 'DiagnosticReport',
  id,
  status: 'final',
  code: loinc('58410-2'),
  subject: ref(`Patient/${patient}`),
  result: [ref(`Observation/${result}`)],
})

await store(engine, [
  { resourceType: 'Organization', id: 'trust', name: 'Leeds Trust' },
  { resourceType: 'Organization', id: 'surgery', name: 'Park Surgery', partOf: ref('Organization/trust') },
  { resourceType: 'Practitioner', id: 'dr-shah', name: [{ family: 'Shah' }] },
  person('alice', 'Archer', '9000000009'),
  person('bob', 'Baker', '9000000017'),
  { resourceType: 'Location', id: 'ward-1', name: 'Ward 1' },
  { resourceType: 'Location', id: 'ward-2', name: 'Ward 2' },
  encounter('visit-a', 'alice', 'ward-1'),
  encounter('visit-b', 'bob', 'ward-2'),
  observation('sodium-a', 'alice', '2951-2', 'visit-a'),
  observation('sodium-b', 'bob', '2951-2', 'visit-b'),
  observation('urea-b', 'bob', '3094-0', 'visit-b'),
  report('report-a', 'alice', 'sodium-a'),
  report('report-b', 'bob', 'urea-b'),
  {
    resourceType: 'Appointment',
    id: 'both',
    status: 'booked',
    start: '2026-12-01T09:00:00Z',
    end: '2026-12-01T09:30:00Z',
    participant: [ref('Patient/alice'), ref('Patient/bob')].map(actor => ({ actor, status: 'accepted' })),
  },
  {
    resourceType: 'Group',
    id: 'cohort',
    type: 'person',
    actual: true,
    member: [{ entity: ref('Patient/bob') }],
  },
])

const ids = async (path: string, ask = engine): Promise<string[]> => {
  const reply = await ask(`/${path}`)
  if (reply.status !== 200) return [`${reply.status} ${reply.text}`]
  return namesOf(reply, 'match')
    .map(name => name.replace(/^.*\//, ''))
    .sort()
}

t.test('a chain asks something of the resource that a reference leads to', async t => {
  verifies('fhir-rest', 'REST-84')
  t.same(await ids('Observation?subject:Patient.name=archer'), ['sodium-a'])
  t.same(await ids('Observation?patient.name=archer,baker'), ['sodium-a', 'sodium-b', 'urea-b'])
  t.same(await ids(`Observation?patient.identifier=${NHS}|9000000017`), ['sodium-b', 'urea-b'])
  t.same(await ids('Observation?subject.name=baker&code=3094-0'), ['urea-b'])
  t.same(await ids('DiagnosticReport?result.code=2951-2'), ['report-a'])
  t.same(await ids('Observation?performer.family=shah'), ['sodium-a', 'sodium-b', 'urea-b'])
  t.same(await ids('Observation?patient._id=alice'), ['sodium-a'])
  t.same(await ids('Appointment?patient.name=archer'), ['both'], 'also of what names several patients')
  t.same(await ids('Patient?general-practitioner:Organization.name=park'), ['alice', 'bob'])
})

t.test('a chain goes along several references', async t => {
  verifies('fhir-rest', 'REST-84')
  t.same(await ids('Observation?encounter.location.name=ward 2'), ['sodium-b', 'urea-b'])
  t.same(await ids('Observation?patient.general-practitioner:Organization.partof.name=leeds'), [
    'sodium-a',
    'sodium-b',
    'urea-b',
  ])
  t.same(await ids('DiagnosticReport?result.encounter.location:Location.name=ward 1'), ['report-a'])
})

t.test('the last parameter of a chain takes modifiers and prefixes', async t => {
  t.same(await ids('Observation?patient.family:exact=archer'), [])
  t.same(await ids('Observation?patient.family:exact=Archer'), ['sodium-a'])
  t.same(await ids('Observation?patient.family:contains=che'), ['sodium-a'])
  t.same(await ids('Observation?patient.birthdate:missing=true'), ['sodium-a', 'sodium-b', 'urea-b'])
  t.same(await ids('Observation?patient._lastUpdated=lt2020'), [])
})

t.test('_has asks something of the resources that refer to this one', async t => {
  verifies('fhir-rest', 'REST-85')
  t.same(await ids('Patient?_has:Observation:patient:code=3094-0'), ['bob'])
  t.same(await ids(`Patient?_has:Observation:subject:code=${LOINC}|2951-2`), ['alice', 'bob'])
  t.same(await ids('Patient?_has:Observation:patient:code=3094-0&_has:Observation:patient:code=2951-2'), ['bob'])
  t.same(await ids('Location?_has:Encounter:location:subject=alice'), ['ward-1'])
  t.same(await ids('Patient?_has:Group:member:_id=cohort'), ['bob'])
  t.same(await ids('Patient?_has:Appointment:patient:status=booked'), ['alice', 'bob'])
})

t.test('_has and chains go through each other', async t => {
  verifies('fhir-rest', 'REST-85')
  t.same(await ids('Patient?_has:Observation:patient:_has:DiagnosticReport:result:_id=report-b'), ['bob'])
  t.same(await ids('Encounter?patient._has:Group:member:_id=cohort'), ['visit-b'])
  t.same(await ids('Patient?_has:Observation:patient:encounter.location.name=ward 1'), ['alice'])
  t.same(await ids('Location?_has:Encounter:location:patient.name=baker'), ['ward-2'])
})

t.test('a patient is told by a chain of nothing that she may not see', async t => {
  verifies('fhir-rest', 'REST-91')
  const alice = client(s, await patientToken(s, 'alice'))
  t.same(await ids('Observation?patient.name=archer', alice), ['sodium-a'])
  t.same(await ids('Observation?encounter.location.name=ward 1', alice), ['sodium-a'])
  t.same(await ids('Observation?performer.family=shah', alice), ['sodium-a'])
  t.same(await ids('Patient?_has:Observation:patient:code=2951-2', alice), ['alice'])
  t.same(await ids('Patient?_has:Observation:patient:code=3094-0', alice), [])
  t.same(await ids('Practitioner?_has:Observation:performer:code=2951-2', alice), ['dr-shah'])
  t.same(await ids('Practitioner?_has:Observation:performer:code=3094-0', alice), [], 'which only another one has')
  t.same(await ids('Location?_has:Encounter:location:status=finished', alice), ['ward-1'])
  t.same(await ids('Organization?_has:Patient:general-practitioner:name=baker', alice), [])
})

t.test('what a chain leads to must be within the scopes', async t => {
  const narrow = client(s, await patientToken(s, 'alice', 'patient/Observation.rs patient/Patient.r'))
  for (const path of [
    '/Observation?encounter:Encounter.status=finished',
    '/Observation?encounter.status=finished',
    '/Observation?patient:Patient.name=archer',
    '/Observation?subject.name=archer',
    '/Observation?_has:DiagnosticReport:result:status=final',
  ]) {
    const reply = await narrow(path)
    t.equal(reply.status, 403, path)
    t.match(reply.headers['www-authenticate'], /insufficient_scope/)
  }
  t.equal((await client(s, await patientToken(s, 'alice'))('/Patient?_has:Group:member:_id=cohort')).status, 403)
  const some = client(s, await engineToken(s, 'system/Observation.rs system/Patient.rs'))
  t.same(await ids('Observation?subject.name=archer', some), ['sodium-a'], 'of the types that are')
})

t.test('an identifier finds a reference that says it, and one that leads to what carries it', async t => {
  verifies('fhir-rest', 'REST-70')
  await store(engine, [
    {
      resourceType: 'Observation',
      id: 'elsewhere',
      status: 'final',
      code: loinc('2951-2'),
      subject: { type: 'Patient', identifier: { system: NHS, value: '9000000025' } },
    },
    {
      resourceType: 'Organization',
      id: 'surgery',
      name: 'Park Surgery',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'B86001' }],
      partOf: ref('Organization/trust'),
    },
  ])
  t.same(await ids(`Observation?subject:identifier=${NHS}|9000000025`), ['elsewhere'])
  t.same(await ids(`Observation?subject:identifier=${NHS}|9000000009`), ['sodium-a'])
  t.same(await ids('Patient?general-practitioner:identifier=B86001'), ['alice', 'bob'])
  t.same(await ids('Observation?subject:missing=true'), [])
  const alice = client(s, await patientToken(s, 'alice'))
  t.same(await ids('Patient?general-practitioner:identifier=B86001', alice), ['alice'])
  t.same(await ids(`Patient?link:identifier=${NHS}|9000000017`, alice), [])
})

t.test('a chain that cannot be followed is refused, saying where it went wrong', async t => {
  const refusals: Record<string, RegExp> = {
    'Observation?code.x=1': /code is no reference/,
    'Observation?patient.nam=1': /Unknown search parameter "nam" for Patient. Did you mean "name"/,
    'Observation?subject:Practitioner.name=1': /subject refers to/,
    'Observation?subject.nothing=1': /None of the types that subject leads to/,
    'Observation?specimen.=1': /reference:Type.parameter/,
    'Observation?patient:Patient:x.name=1': /reference:Type.parameter/,
    'Observation?patient.birthdate=yesterday': /"yesterday" of the search parameter birthdate/,
    'Observation?patient.name:sounds=1': /":sounds" is not supported for name/,
    'Patient?_has=1': /_has:Type:reference:parameter/,
    'Patient?_has:Observation=1': /_has:Type:reference:parameter/,
    'Patient?_has:Observation:code:code=1': /code of Observation is no reference to Patient; there is: .*patient/,
    'Patient?_has:Nothing:patient:code=1': /Nothing, which is not served/,
    'Patient?_has:Observation:patient:cod=1': /Did you mean "code"/,
    'Patient?_has:Slot:schedule:status=1': /is no reference to Patient, nor is any other/,
  }
  for (const [path, right] of Object.entries(refusals)) {
    const reply = await engine(`/${path}`)
    t.equal(reply.status, 400, path)
    t.match((reply.json as { issue: { diagnostics: string }[] }).issue[0]?.diagnostics, right)
  }
  const far = await engine(`/Organization?${'partof.'.repeat(9)}name=x`)
  t.equal(far.status, 400)
  t.match(far.text, /too far/)
  const wide = await engine('/Observation?focus.focus.focus._tag=x')
  t.match(wide.text, /name them/)
})
