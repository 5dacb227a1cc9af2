import fc from 'fast-check'
import t from 'tap'
import { grantable, LETTER_OF, type Letter, parseScope, parseScopes, permits } from '../../src/access/scopes.ts'
import { definitions } from '../../src/resources/index.ts'

const LETTERS = ['c', 'r', 'u', 'd', 's'] as const
const all = (scope: string) => parseScopes(scope)
const may = (scope: string, context: 'patient' | 'user' | 'system', type: string): string =>
  LETTERS.filter(letter => permits(all(scope), context, type, letter)).join('')

t.test('every combination of letters in their order gives those letters and no other', async t => {
  for (let bits = 1; bits < 32; bits++) {
    const letters = LETTERS.filter((_, index) => bits & (1 << index)).join('')
    const scope = parseScope(`system/Observation.${letters}`)
    t.match(scope, { context: 'system', type: 'Observation', letters, version: 2 })
    t.equal(may(`system/Observation.${letters}`, 'system', 'Observation'), letters)
  }
})

t.test('the words of version 1 give their letters', async t => {
  t.equal(may('patient/Observation.read', 'patient', 'Observation'), 'rs')
  t.equal(may('patient/Observation.write', 'patient', 'Observation'), 'cud')
  t.equal(may('patient/Observation.*', 'patient', 'Observation'), 'cruds')
  t.equal(parseScope('patient/Observation.read')?.version, 1)
})

t.test('letters out of order, doubled, unknown or missing are no scope', async t => {
  const wrong = ['sr', 'rr', 'x', 'rx', 'R', 'readwrite', 'Read', 'crudsx', '', '**', 'r*', 'read?a=b', '*?a=b']
  for (const letters of wrong) t.equal(parseScope(`patient/Observation.${letters}`), undefined, letters)
  for (const text of [
    '',
    'Observation.rs',
    'patient/.rs',
    'patient/observation.rs',
    'patient/Observation',
    'patient/Observation.',
    'patient.Observation.rs',
    'group/Observation.rs',
    'patient/Observation.rs ',
    ' patient/Observation.rs',
    'patient/*Observation.rs',
    'PATIENT/Observation.rs',
    'patient/Observation/1.rs',
  ])
    t.equal(parseScope(text), undefined, JSON.stringify(text))
})

t.test('a scope speaks of its own context and type only', async t => {
  t.equal(may('patient/Observation.rs', 'system', 'Observation'), '')
  t.equal(may('patient/Observation.rs', 'user', 'Observation'), '')
  t.equal(may('user/Observation.rs', 'patient', 'Observation'), '')
  t.equal(may('patient/Observation.rs', 'patient', 'Patient'), '')
  t.equal(may('patient/Obs.rs', 'patient', 'Observation'), '')
  t.equal(may('patient/*.rs', 'patient', 'AnythingAtAll'), 'rs')
  t.equal(may('system/*.rs', 'patient', 'Observation'), '')
  t.equal(may('patient/Observation.r patient/Observation.s patient/*.d', 'patient', 'Observation'), 'rds')
})

t.test('a granular scope is read, and gives nothing', async t => {
  const text = 'patient/Observation.rs?category=laboratory'
  t.equal(parseScope(text)?.query, 'category=laboratory')
  t.equal(may(text, 'patient', 'Observation'), '')
  t.equal(may(`${text} patient/Observation.r`, 'patient', 'Observation'), 'r')
  t.same(grantable(text, 'patient/*.cruds', 'patient'), [])
})

t.test('what is granted is within what was asked, what the client may and what somebody can do', async t => {
  t.same(grantable('patient/*.rs', 'patient/*.cruds', 'patient'), ['patient/*.rs'])
  t.same(grantable('patient/*.cruds', 'patient/*.cruds', 'patient'), ['patient/*.rs'], 'no patient writes anything yet')
  t.same(grantable('patient/*.read', 'patient/*.cruds', 'patient'), ['patient/*.read'], 'in the version that was asked')
  t.same(grantable('patient/Observation.rs', 'patient/Observation.r', 'patient'), ['patient/Observation.r'])
  t.same(grantable('patient/Observation.r', 'patient/*.s', 'patient'), [])
  t.same(grantable('patient/*.rs', 'patient/Observation.rs', 'patient'), [], 'not more than the client may')
  t.same(grantable('system/*.cruds', 'system/*.cruds', 'system'), ['system/*.cruds'])
  t.same(grantable('system/*.cruds', 'system/*.cruds', 'patient'), [], 'a person is no system')
  t.same(grantable('user/*.cruds', 'user/*.cruds patient/*.cruds', 'patient'), [])
  t.same(grantable('patient/Claim.rs', 'patient/*.cruds', 'patient'), [], 'of no type that is not served')
  t.same(grantable('patient/Group.rs', 'patient/*.cruds', 'patient'), [], 'of no type that no patient reads')
  t.same(grantable('openid fhirUser admin', 'openid fhirUser admin', 'patient'), ['openid', 'fhirUser'])
  t.same(grantable('openid', 'fhirUser', 'patient'), [])
  t.same(grantable('openid launch/patient', 'openid launch/patient', 'system'), [])
})

t.test('whatever is asked for, nothing is granted that was not asked for or not allowed', async t => {
  const word = fc.constantFrom('patient', 'user', 'system', 'x')
  const type = fc.constantFrom('*', 'Patient', 'Observation', 'Group', 'Claim')
  const letters = fc.constantFrom('read', 'write', '*', 'r', 's', 'rs', 'cruds', 'cud', 'sr', 'rs?a=b')
  const scope = fc.tuple(word, type, letters).map(([context, of, may]) => `${context}/${of}.${may}`)
  const scopes = fc.array(scope, { maxLength: 5 }).map(each => each.join(' '))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(scopes, scopes, fc.constantFrom('patient', 'system'), (asked, allowed, context) => {
        const granted = grantable(asked, allowed, context).join(' ')
        for (const of of definitions.keys())
          for (const each of ['patient', 'user', 'system'] as const)
            for (const letter of may(granted, each, of)) {
              if (each !== context) return false
              if (!permits(all(asked), each, of, letter as Letter)) return false
              if (!permits(all(allowed), each, of, letter as Letter)) return false
            }
        return true
      }),
      { numRuns: 500 },
    ),
  )
})

t.test('every interaction needs a letter', async t => {
  t.match(LETTER_OF, {
    read: 'r',
    vread: 'r',
    'history-instance': 'r',
    'search-type': 's',
    create: 'c',
    update: 'u',
    delete: 'd',
  })
  for (const { may: actors } of definitions.values())
    for (const interactions of Object.values(actors))
      for (const interaction of interactions ?? []) t.ok(LETTERS.includes(LETTER_OF[interaction]), interaction)
})
