import t from 'tap'
import { fhirUserFor, needsPatient } from '../../src/smart/consent.ts'
import { createPerson } from '../../src/store/people.ts'
import { database } from '../support/database.ts'

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
