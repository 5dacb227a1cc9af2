import t from 'tap'
import {
  actorsOf,
  createPerson,
  findActivePerson,
  findBySignIn,
  peopleReachable,
  setPersonState,
} from '../../src/store/people.ts'
import { database } from '../support/database.ts'

const now = new Date('2026-03-01T09:00:00Z')

t.test('people', async t => {
  const { pool } = await database(t)
  const person = (id: string, actors: string[], more = {}) =>
    createPerson(pool, { id, email: `${id}@example.org`, name: id, passwordHash: 'hash', actors, ...more })
  await person('alice', ['Patient/alice'], { email: 'Alice@Example.org', userName: 'Ally' })
  await person('bob', ['Patient/bob', 'RelatedPerson/bob-for-alice', 'https://fhir.nhs.uk/Id/nhs-number|9990000001'])
  const reach = (actor: string, patient: string, topics: string[], begins: string, ends: string, consent: string) =>
    pool.query('insert into reach values ($1, $2, $3, $4, $5, $6)', [actor, patient, topics, begins, ends, consent])

  t.test('have one account to one e-mail address, whatever its case', async t => {
    await t.rejects(person('other', [], { email: 'ALICE@EXAMPLE.ORG' }), { code: '23505' })
    await person('alice', ['Patient/alice', 'Patient/alice-before'])
    t.same(await actorsOf(pool, 'alice'), ['Patient/alice', 'Patient/alice-before'], 'making it again adds what is new')
    t.match(await findBySignIn(pool, 'ALICE@example.org'), { id: 'alice', email: 'Alice@Example.org' })
    await pool.query("delete from person_actor where actor = 'Patient/alice-before'")
  })

  t.test('cannot have the e-mail address of another person as a user name', async t => {
    await person('eve', [], { userName: 'alice@example.org' })
    t.match(await findBySignIn(pool, 'alice@example.org'), { id: 'alice' }, 'the address comes first')
    await person('mallory', [], { userName: 'dev@example.org' })
    await person('dev', [])
    t.match(await findBySignIn(pool, 'dev@example.org'), { id: 'dev' }, 'also when the user name was there before')
  })

  t.test('are active or are not found', async t => {
    t.match(await findActivePerson(pool, 'alice'), { id: 'alice' })
    await setPersonState(pool, 'alice', 'locked')
    t.equal(await findActivePerson(pool, 'alice'), undefined)
    await setPersonState(pool, 'alice', 'active')
    t.equal(await findActivePerson(pool, 'nobody'), undefined)
  })

  t.test('whose account is closed reach nothing, neither as who they are nor as who they become', async t => {
    await person('fay', ['Patient/fay'])
    await setPersonState(pool, 'fay', 'closed')
    await person('fay', ['Patient/fay-before'])
    t.same(await actorsOf(pool, 'fay'), ['Patient/fay', 'Patient/fay-before'])
    t.same(await peopleReachable(pool, 'fay', now), [])
    await setPersonState(pool, 'fay', 'active')
    t.same(
      (await peopleReachable(pool, 'fay', now)).map(({ patient }) => patient),
      ['fay', 'fay-before'],
    )
  })

  t.test('reach their own record and those that a Consent opens, from its beginning until before its end', async t => {
    const own = { patient: 'bob', self: true, topics: ['*'], actor: 'Patient/bob' }
    t.same(await peopleReachable(pool, 'bob', now), [own])
    await reach('RelatedPerson/bob-for-alice', 'alice', ['appointments'], '2026-01-01Z', '2026-03-01T09:00:01Z', 'c1')
    await reach('RelatedPerson/bob-for-alice', 'dev', ['*'], '2025-01-01Z', '2026-03-01T09:00:00Z', 'c2')
    await reach('RelatedPerson/bob-for-alice', 'erin', ['*'], '2026-03-01T09:00:01Z', '2027-01-01Z', 'c3')
    await reach('RelatedPerson/carol', 'george', ['*'], '2025-01-01Z', '2027-01-01Z', 'c4')
    const alice = { patient: 'alice', self: false, topics: ['appointments'], actor: 'RelatedPerson/bob-for-alice' }
    t.same(await peopleReachable(pool, 'bob', now), [own, alice])
    t.same(await peopleReachable(pool, 'bob', new Date('2026-03-01T09:00:01Z')), [
      own,
      { ...alice, patient: 'erin', topics: ['*'] },
    ])
  })

  t.test('have the topics of all Consents together, and are named as related persons where they are some', async t => {
    await reach(
      'https://fhir.nhs.uk/Id/nhs-number|9990000001',
      'alice',
      ['results'],
      '2026-01-01Z',
      '2027-01-01Z',
      'c5',
    )
    const [, alice] = await peopleReachable(pool, 'bob', now)
    t.same(alice, {
      patient: 'alice',
      self: false,
      topics: ['appointments', 'results'],
      actor: 'RelatedPerson/bob-for-alice',
    })
  })

  t.test('who are somebody themselves are not proxies of it', async t => {
    await reach('Patient/bob', 'bob', ['letters'], '2026-01-01Z', '2027-01-01Z', 'c6')
    const reached = await peopleReachable(pool, 'bob', now)
    t.same(
      reached.filter(({ patient }) => patient === 'bob').map(({ self }) => self),
      [true],
    )
  })
})
