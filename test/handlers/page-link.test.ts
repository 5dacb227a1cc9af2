import t from 'tap'
import type { Grant } from '../../src/access/grant.ts'
import { grantOf } from '../../src/access/grant.ts'
import { FhirError } from '../../src/fhir/outcome.ts'
import { pageLinks } from '../../src/handlers/page-link.ts'

const grant = (sub: string, patient: string, client_id = 'app'): Grant =>
  grantOf({ sub, client_id, scope: 'patient/*.rs', patient, jti: '1', exp: 0 })
const links = pageLinks('a secret of thirty-two characters')
const continuation = { type: 'Observation', params: [['code', 'secret-code']], cursor: ['2020', 'id'] } as const

function refusal(open: () => unknown): number | undefined {
  try {
    open()
  } catch (error) {
    if (error instanceof FhirError) return error.status
    throw error
  }
  return undefined
}

t.test('a link opens for whom it was made and carries the search on', async t => {
  const sealed = links.seal(continuation, grant('alice', 'a'))
  t.same(links.open(sealed, 'Observation', grant('alice', 'a')), continuation)
})

t.test('a link shows nothing of the search', async t => {
  const sealed = links.seal(continuation, grant('alice', 'a'))
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), 'secret-code')
})

t.test('a link does not open for somebody else, another patient, app or type, or when it was altered', async t => {
  const sealed = links.seal(continuation, grant('alice', 'a'))
  const altered = `${sealed.slice(0, 20)}${sealed[20] === 'A' ? 'B' : 'A'}${sealed.slice(21)}`
  t.equal(
    refusal(() => links.open(sealed, 'Observation', grant('bob', 'a'))),
    400,
  )
  t.equal(
    refusal(() => links.open(sealed, 'Observation', grant('alice', 'b'))),
    400,
  )
  t.equal(
    refusal(() => links.open(sealed, 'Observation', grant('alice', 'a', 'another app'))),
    400,
  )
  t.equal(
    refusal(() => links.open(sealed, 'Patient', grant('alice', 'a'))),
    400,
  )
  t.equal(
    refusal(() => links.open(altered, 'Observation', grant('alice', 'a'))),
    400,
  )
  t.equal(
    refusal(() => links.open('', 'Observation', grant('alice', 'a'))),
    400,
  )
  t.equal(
    refusal(() => pageLinks('another secret of the same length').open(sealed, 'Observation', grant('alice', 'a'))),
    400,
  )
})

t.test('a link is spelt in one way', async t => {
  const alice = grant('alice', 'a')
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
  const bytesOf = (text: string) => Buffer.from(text, 'base64url')
  // Of every three lengths two leave bits of the last letter unused.
  const others = ['i', 'ii', 'iii'].flatMap(id => {
    const sealed = links.seal({ ...continuation, cursor: ['2020', id] }, alice)
    const alike = letters.map(letter => `${sealed.slice(0, -1)}${letter}`)
    return alike.filter(each => each !== sealed && bytesOf(each).equals(bytesOf(sealed)))
  })
  t.ok(others.length > 0)
  for (const other of others)
    t.equal(
      refusal(() => links.open(other, 'Observation', alice)),
      400,
    )
})
