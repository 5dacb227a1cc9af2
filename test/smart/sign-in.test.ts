import t from 'tap'
import { hashPassword, passwordMatches } from '../../src/smart/passwords.ts'
import { passwordOf, signIn, waitInWords } from '../../src/smart/sign-in.ts'
import { createPerson, setPersonState } from '../../src/store/people.ts'
import { database } from '../support/database.ts'

const now = new Date('2026-03-01T09:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)

t.test('signing in', async t => {
  const { pool } = await database(t)
  const passwordHash = await hashPassword('right')
  const person = { userName: 'Ally', name: 'Alice', passwordHash, actors: [] }
  await createPerson(pool, { ...person, id: 'alice', email: 'Alice@Example.org' })
  await createPerson(pool, { ...person, id: 'eve', email: 'eve@example.org', userName: 'eve' })
  const attempt = (name: string, password: string, at = now, address = '192.0.2.1') =>
    signIn(pool, { name, password, address, now: at })

  t.test('takes the e-mail address or the user name, in any case', async t => {
    for (const name of ['alice@example.org', 'ALICE@EXAMPLE.ORG', ' alice@example.org ', 'ally', 'ALLY']) {
      t.match(await attempt(name, 'right'), { outcome: 'in', person: { id: 'alice' } }, name)
    }
  })

  t.test('says the same for a wrong password, for nobody, and for an account that is not active', async t => {
    await setPersonState(pool, 'eve', 'closed')
    t.same(await attempt('alice@example.org', 'wrong'), { outcome: 'refused' })
    t.same(await attempt('nobody@example.org', 'right'), { outcome: 'refused' })
    t.same(await attempt('eve@example.org', 'right'), { outcome: 'refused' })
  })

  t.test('does the same work for nobody as for somebody', async t => {
    await passwordMatches(undefined, 'warm up')
    const time = async (stored: string | undefined) => {
      const begin = process.hrtime.bigint()
      for (let i = 0; i < 5; i++) t.notOk(await passwordMatches(stored, 'wrong'))
      return Number(process.hrtime.bigint() - begin)
    }
    const [somebody, nobody] = [await time(passwordHash), await time(undefined)]
    t.ok(nobody > somebody / 3, `${nobody} ns for nobody, ${somebody} ns for somebody`)
  })

  t.test('makes the next attempts wait longer and longer, the right one too, whoever the name belongs to', async t => {
    for (const name of ['ally', 'nobody at all']) {
      for (let i = 0; i < 5; i++) t.match(await attempt(name, 'wrong'), { outcome: 'refused' })
      t.match(await attempt(name, 'right', now), { outcome: 'wait', seconds: 1 })
      t.match(await attempt(name, 'wrong', later(1)), { outcome: 'refused' })
      t.match(await attempt(name, 'wrong', later(2)), { outcome: 'wait', seconds: 1 })
      t.match(await attempt(name, 'wrong', later(3)), { outcome: 'refused' })
      t.match(await attempt(name, 'wrong', later(3)), { outcome: 'wait', seconds: 4 })
    }
    t.match(await attempt('ally', 'right', later(7)), { outcome: 'in' })
    t.match(await attempt('ally', 'wrong', later(7)), { outcome: 'refused' }, 'a success forgets the failures')
  })

  t.test('never waits more than a quarter of an hour, and forgets after a day', async t => {
    let at = now
    for (let i = 0; i < 20; i++) {
      const { outcome } = await attempt('slow', 'wrong', at)
      if (outcome !== 'refused') t.fail('the wait was longer than fifteen minutes')
      at = new Date(at.getTime() + 15 * 60_000)
    }
    t.match(await attempt('slow', 'wrong', new Date(at.getTime() - 1000)), { outcome: 'wait', seconds: 1 })
    const nextDay = new Date(at.getTime() + 25 * 3_600_000)
    for (let i = 0; i < 5; i++) t.match(await attempt('slow', 'wrong', nextDay), { outcome: 'refused' })
  })

  t.test('counts attempts that come at the same time', async t => {
    const attempts = await Promise.all(Array.from({ length: 12 }, () => attempt('rushed', 'wrong')))
    t.equal(attempts.filter(({ outcome }) => outcome === 'refused').length, 5)
  })

  t.test('slows an address down that tries many names', async t => {
    for (let i = 0; i < 100; i++) {
      await attempt(`guess ${i}`, 'wrong', now, '198.51.100.7')
    }
    t.match(await attempt('ally', 'right', now, '198.51.100.7'), { outcome: 'wait' })
    t.match(await attempt('ally', 'right', later(60), '203.0.113.9'), { outcome: 'in' }, 'others are not slowed down')
  })
})

t.test('of a password that is longer than any no more is hashed than is worth it', async t => {
  t.equal(passwordOf(new URLSearchParams({ password: 'x'.repeat(100_000) })), 'x'.repeat(1024))
  t.equal(passwordOf(new URLSearchParams()), '')
})

t.test('a wait is said in words', async t => {
  t.equal(waitInWords(1), '1 second')
  t.equal(waitInWords(59), '59 seconds')
  t.equal(waitInWords(60), '1 minute')
  t.equal(waitInWords(61), '2 minutes')
})
