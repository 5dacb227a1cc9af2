import t from 'tap'
import { decide, fhirUserFor, needsPatient, ticksFor } from '../../src/smart/consent.ts'
import { createPerson } from '../../src/store/people.ts'
import { database } from '../support/database.ts'

t.test('a decision grants what was asked for and ticked', async t => {
  const asked = ['openid', 'fhirUser', 'offline_access', 'launch/patient', 'patient/Patient.rs', 'patient/Task.rs']
  t.same(decide(asked, ['patient/Patient.rs', 'fhirUser', 'patient/*.rs', 'system/*.cruds']), {
    granted: ['openid', 'fhirUser', 'launch/patient', 'patient/Patient.rs'],
    refused: ['offline_access', 'patient/Task.rs'],
    oidc: { granted: ['openid', 'fhirUser'], refused: ['offline_access'] },
  })
  t.equal(decide(asked, ['fhirUser']), undefined, 'nothing of the record')
  t.match(decide(['openid'], []), { granted: ['openid'], refused: [] })
})

t.test('the ticks come in the order of their weight, without what goes without saying', async t => {
  const scopes = ticksFor(['openid', 'offline_access', 'fhirUser', 'launch/patient', 'patient/Patient.rs'])
  t.same(
    scopes.map(({ scope }) => scope),
    ['patient/Patient.rs', 'fhirUser', 'offline_access'],
  )
  for (const { sentence } of scopes) t.notMatch(sentence, /[/_]/, 'in words')
})

t.test('a record has to be chosen for what is about a patient', async t => {
  t.ok(needsPatient(['patient/Patient.rs']))
  t.ok(needsPatient(['openid', 'launch/patient']))
  t.notOk(needsPatient(['openid', 'fhirUser', 'offline_access']))
})

t.test('a person without a record of their own is the RelatedPerson that they are', async t => {
  const { pool } = await database(t)
  const person = { email: 'e', name: 'n', passwordHash: '' }
  await createPerson(pool, { ...person, id: 'freya', actors: ['RelatedPerson/freya', 'urn:some|1'] })
  t.equal(await fhirUserFor(pool, 'freya', undefined), 'RelatedPerson/freya')
  const byNumber = { patient: 'erin', self: false, topics: ['*'], actor: 'urn:some|1' }
  t.equal(await fhirUserFor(pool, 'freya', byNumber), 'RelatedPerson/freya')
  t.equal(await fhirUserFor(pool, 'nobody', undefined), undefined)
})
