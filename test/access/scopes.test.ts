import fc from 'fast-check'
import t from 'tap'
import {
  covered,
  grantable,
  LETTER_OF,
  type Letter,
  parseScope,
  parseScopes,
  permits,
  SYSTEM_SCOPES,
  unenforceable,
} from '../../src/access/scopes.ts'
import type { Definition } from '../../src/resources/definition.ts'
import { definitionOf, definitions } from '../../src/resources/index.ts'
import { verifies } from '../support/verifies.ts'

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

const observation = definitionOf('Observation') as Definition
const far = (scope: string, letter: Letter) => covered(all(scope), 'patient', observation, letter)

t.test('a granular scope covers what is within its query part, and not the whole type', async t => {
  const text = 'patient/Observation.rs?category=laboratory'
  t.equal(parseScope(text)?.query, 'category=laboratory')
  t.equal(may(text, 'patient', 'Observation'), '')
  t.match(far(text, 'r'), { within: [[{ param: 'category', values: [{ code: 'laboratory' }] }]] })
  t.equal(far(text, 'u'), undefined)
  t.equal(far('patient/Patient.rs?_id=1', 'r'), undefined)
})

t.test('several scopes on one type are a union, and one for all of it takes in the others', async t => {
  verifies('smart-2.2', 'SAL-131')
  const laboratory = 'patient/Observation.rs?category=laboratory'
  t.equal(far(`${laboratory} patient/Observation.r?category=vital-signs`, 'r')?.within?.length, 2)
  t.equal(far(`${laboratory} patient/Observation.r?category=vital-signs`, 's')?.within?.length, 1)
  t.same(far(`${laboratory} patient/*.r`, 'r'), {})
  t.equal(far(`${laboratory} patient/*.r`, 's')?.within?.length, 1)
  t.equal(far(`${laboratory} user/Observation.rs system/*.rs`, 'r')?.within?.length, 1)
})

t.test('a query part that cannot be enforced covers nothing, whoever has granted it', async t => {
  t.equal(far('patient/Observation.rs?category:not=laboratory', 'r'), undefined)
  t.equal(far('patient/Observation.rs?nonsense=1', 'r'), undefined)
  const both = far('patient/Observation.rs?category=laboratory patient/Observation.rs?date=ge2026', 'r')
  t.equal(both?.within?.length, 1)
  t.same(far('patient/Observation.rs?nonsense=1 patient/Observation.rs', 'r'), {})
})

t.test('a granular scope is granted letter by letter as it was asked for', async t => {
  verifies('smart-2.2', 'SAL-1016')
  const laboratory =
    'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory'
  t.same(grantable(laboratory, 'patient/*.cruds', 'launch'), [laboratory])
  t.same(grantable(laboratory, 'patient/Observation.rs', 'launch'), [laboratory])
  t.same(grantable(laboratory, laboratory, 'launch'), [laboratory])
  t.same(grantable(laboratory.replace('.rs', '.cruds'), 'patient/*.cruds', 'launch'), [laboratory])
  t.same(grantable(laboratory, laboratory.replace('.rs', '.r'), 'launch'), [laboratory.replace('.rs', '.r')])
  t.same(grantable(laboratory, 'patient/Observation.rs?category=vital-signs', 'launch'), [], 'of another part')
  t.same(grantable('patient/Observation.rs', laboratory, 'launch'), [], 'more than the client may have')
  t.same(grantable('patient/Observation.rs?date=ge2026', 'patient/*.cruds', 'launch'), [])
  t.same(grantable('patient/*.rs?_tag=a', 'patient/*.cruds', 'launch'), ['patient/*.rs?_tag=a'])
  t.same(grantable('patient/*.rs?category=a', 'patient/*.cruds', 'launch'), [], 'not every type has a category')
  t.same(grantable('patient/Observation.read?category=a', 'patient/*.cruds', 'launch'), [], 'version 1 has no query')
})

t.test('what cannot be enforced is named with the reason', async t => {
  verifies('smart-2.2', 'SAL-1015')
  t.same(unenforceable('openid patient/*.rs patient/Observation.rs?category=a,b&code=c patient/*.rs?_security=x'), [])
  const [first, second, ...more] = unenforceable(
    'patient/Observation.rs?date=ge2026 user/Patient.r?name=x patient/*.rs',
  )
  t.match(first, /^patient\/Observation\.rs\?date=ge2026: "date" of Observation cannot limit .* category, /)
  t.match(second, /^user\/Patient\.r\?name=x: "name" of Patient cannot/)
  t.same(more, [])
  t.match(unenforceable('patient/*.rs?category=a')[0], /"category" of Resource cannot/)
  t.same(unenforceable('patient/Claim.rs?use=claim'), [], 'what is not served is not granted, and no error')
})

t.test('user/ scopes are granted in a launch, system/ scopes to systems that were registered with them', async t => {
  verifies('smart-2.2', 'SAL-1019')
  t.same(grantable('user/*.cruds', 'user/*.cruds patient/*.cruds', 'launch'), ['user/*.rs'])
  t.same(grantable('user/*.read user/Observation.*', 'user/*.rs', 'launch'), ['user/*.read', 'user/Observation.read'])
  t.same(grantable('user/*.rs', 'patient/*.rs', 'launch'), [], 'each context for itself')
  t.same(grantable('user/*.rs patient/*.rs', 'user/*.rs patient/*.rs', 'backend'), [])
  for (const scope of ['system/*.cruds', 'system/*.*', 'system/*.read', 'system/*.r?_tag=a']) {
    t.same(grantable(scope, 'system/*.cruds', 'backend'), [scope])
    t.same(grantable(scope, 'system/Patient.cruds', 'backend'), [])
    t.same(grantable(scope, 'system/*.cruds', 'launch'), [], 'a person is no system')
  }
  t.same(grantable('system/Patient.cruds', 'system/*.cruds', 'backend'), ['system/Patient.cruds'])
  for (const scope of SYSTEM_SCOPES) {
    t.same(grantable(scope, scope, 'backend'), [scope])
    t.same(grantable(scope, 'system/*.cruds', 'backend'), [], 'only to a system that was registered with it')
    t.same(grantable(scope, scope, 'launch'), [], 'nobody’s app does the work of the hospital')
  }
})

t.test('what is granted is within what was asked, what the client may and what somebody can do', async t => {
  t.same(grantable('patient/*.rs', 'patient/*.cruds', 'launch'), ['patient/*.rs'])
  t.same(grantable('patient/*.cruds', 'patient/*.cruds', 'launch'), ['patient/*.rs'], 'no patient writes anything yet')
  t.same(grantable('patient/*.read', 'patient/*.cruds', 'launch'), ['patient/*.read'], 'in the version that was asked')
  t.same(grantable('patient/Observation.rs', 'patient/Observation.r', 'launch'), ['patient/Observation.r'])
  t.same(grantable('patient/Observation.r', 'patient/*.s', 'launch'), [])
  t.same(grantable('patient/*.rs', 'patient/Observation.rs', 'launch'), [], 'not more than the client may')
  t.same(grantable('system/*.cruds', 'system/*.cruds', 'launch'), [], 'a person is no system')
  t.same(grantable('patient/Claim.rs', 'patient/*.cruds', 'launch'), [], 'of no type that is not served')
  t.same(grantable('patient/Group.rs', 'patient/*.cruds', 'launch'), [], 'of no type that no patient reads')
  t.same(grantable('openid fhirUser admin', 'openid fhirUser admin', 'launch'), ['openid', 'fhirUser'])
  t.same(grantable('openid', 'fhirUser', 'launch'), [])
  t.same(grantable('openid launch/patient', 'openid launch/patient', 'backend'), [])
})

t.test('whatever is asked for, nothing is granted that was not asked for or not allowed', async t => {
  const word = fc.constantFrom('patient', 'user', 'system', 'x')
  const type = fc.constantFrom('*', 'Patient', 'Observation', 'Group', 'Claim')
  const letters = fc.constantFrom('read', 'write', '*', 'r', 's', 'rs', 'cruds', 'cud', 'sr', 'rs?a=b')
  const scope = fc.tuple(word, type, letters).map(([context, of, may]) => `${context}/${of}.${may}`)
  const scopes = fc.array(scope, { maxLength: 5 }).map(each => each.join(' '))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(scopes, scopes, fc.constantFrom('launch', 'backend'), (asked, allowed, flow) => {
        const granted = grantable(asked, allowed, flow).join(' ')
        for (const of of definitions.keys())
          for (const each of ['patient', 'user', 'system'] as const)
            for (const letter of may(granted, each, of)) {
              if ((each === 'system') !== (flow === 'backend')) return false
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
