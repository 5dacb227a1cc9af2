import t from 'tap'
import { successorWith } from '../../src/smart/rotation.ts'

t.test('the successor of a refresh token is the same each time, and nobody else can compute it', async t => {
  const successor = successorWith('one secret of at least 32 letters ')
  const next = successor('token')
  t.match(next, /^[\w-]{43}$/, '256 bits, URL-safe')
  t.equal(successor('token'), next)
  t.not(successor('other token'), next)
  t.not(successorWith('another secret of at least 32 letters')('token'), next)
  t.not(successor(next), next)
})
