import t from 'tap'
import { findChoice, lastPatient, saveChoice } from '../../src/store/choices.ts'
import { createPerson } from '../../src/store/people.ts'
import { database } from '../support/database.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 10, minute))

t.test('what was ticked is remembered for one person, app and record', async t => {
  const { pool } = await database(t)
  for (const id of ['freya', 'greta'])
    await createPerson(pool, { id, email: id, name: 'n', passwordHash: '', actors: [] })
  const own = { person: 'freya', clientId: 'app', patient: 'freya' }
  const child = { ...own, patient: 'erin' }
  t.equal(await findChoice(pool, own), undefined)
  t.equal(await lastPatient(pool, 'freya', 'app'), undefined)
  await saveChoice(pool, own, { asked: ['a', 'b'], ticked: ['a', 'b'] }, at(1))
  await saveChoice(pool, child, { asked: ['a'], ticked: [] }, at(2))
  await saveChoice(pool, { ...own, patient: undefined }, { asked: ['c'], ticked: ['c'] }, at(3))
  t.same(await findChoice(pool, child), { asked: ['a'], ticked: [] })
  t.same(await findChoice(pool, { ...own, patient: undefined }), { asked: ['c'], ticked: ['c'] })
  t.equal(await findChoice(pool, { ...own, clientId: 'other' }), undefined)
  t.equal(await findChoice(pool, { ...own, person: 'greta' }), undefined)
  t.equal(await lastPatient(pool, 'freya', 'app'), 'erin')
  t.equal(await lastPatient(pool, 'greta', 'app'), undefined)
  t.equal(await lastPatient(pool, 'freya', 'other'), undefined)

  await saveChoice(pool, own, { asked: ['b', 'd'], ticked: ['d'] }, at(4))
  const merged = await findChoice(pool, own)
  t.same([...(merged?.asked ?? [])].sort(), ['a', 'b', 'd'])
  t.same([...(merged?.ticked ?? [])].sort(), ['a', 'd'], 'what was not asked again stays as it was')
  t.equal(await lastPatient(pool, 'freya', 'app'), 'freya')
})
