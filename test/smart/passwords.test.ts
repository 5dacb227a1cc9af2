import { stat } from 'node:fs/promises'
import t from 'tap'
import { hashPassword, passwordMatches } from '../../src/smart/passwords.ts'

/** How often everything else had its turn before some work was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let isDone = false
  let turns = 0
  const finished = work.finally(() => {
    isDone = true
  })
  while (!isDone) {
    await new Promise(resolve => setImmediate(resolve))
    turns++
  }
  await finished
  return turns
}

t.test('a password is known by its hash, and none without one', async t => {
  const stored = await hashPassword('a long password')
  t.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.not(stored, await hashPassword('a long password'), 'each has a salt of its own')
  t.equal(await passwordMatches(stored, 'a long password'), true)
  t.equal(await passwordMatches(stored, 'another'), false)
  t.equal(await passwordMatches(undefined, 'a long password'), false)
})

t.test('requests go on while passwords are hashed and compared', async t => {
  const stored = await hashPassword('a long password')
  await passwordMatches(undefined, 'so that the hash of nothing known is there')
  t.ok((await turnsDuring(hashPassword('another'))) > 3, 'hashing')
  t.ok((await turnsDuring(passwordMatches(stored, 'another'))) > 3, 'comparing')
  t.ok((await turnsDuring(passwordMatches(undefined, 'another'))) > 3, 'comparing with nothing')
  const many = Array.from({ length: 16 }, () => passwordMatches(stored, 'another'))
  t.ok((await turnsDuring(Promise.all(many))) > 16, 'sixteen at once')
})

t.test('a flood of passwords leaves threads to other work', async t => {
  const stored = await hashPassword('a long password')
  let compared = 0
  const flood = Array.from({ length: 40 }, async () => {
    await passwordMatches(stored, 'another')
    compared++
  })
  await stat('.')
  t.ok(compared < 20, `${compared} were compared before a file could be looked at`)
  await Promise.all(flood)
  t.equal(compared, 40)
})
