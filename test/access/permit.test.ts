import t from 'tap'
import { type Claims, grantOf } from '../../src/access/grant.ts'
import { allows, permit, permitRead } from '../../src/access/permit.ts'
import { FhirError } from '../../src/fhir/outcome.ts'
import type { Definition, Interaction } from '../../src/resources/definition.ts'
import { definitionOf, definitions } from '../../src/resources/index.ts'

const PERSON: Claims = { sub: 'alice', client_id: 'app', jti: 'x', exp: 1, patient: 'alice', fhirUser: 'Patient/alice' }
const person = (scope: string, more: Partial<Claims> = {}) => grantOf({ ...PERSON, scope, ...more })
const engine = (scope: string) => grantOf({ sub: 'engine', client_id: 'engine', jti: 'x', exp: 1, scope })
const declared = (type: string) => definitionOf(type) as Definition
const observation = declared('Observation')

/** The refusal of what is done, or nothing. */
function refusal(work: () => unknown): FhirError | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
  return undefined
}

t.test('who asks is told by the token: an engine for itself, a person, or somebody for her', async t => {
  t.equal(engine('system/*.rs').actor, 'engine')
  t.equal(person('patient/*.rs').actor, 'patient')
  t.equal(person('patient/*.rs', { act: { sub: 'bob' } }).actor, 'proxy')
  const { patient: _, ...homeless } = PERSON
  t.equal(grantOf({ ...homeless, scope: 'system/*.cruds' }).actor, 'patient', 'a person without a patient is no engine')
  t.equal(grantOf({ ...PERSON, sub: 'app', scope: 'system/*.cruds' }).actor, 'patient', 'nor is one with a patient')
})

t.test('an engine’s permission is for everything, a person’s for one patient', async t => {
  t.match(permit(engine('system/*.cruds'), observation, 'read'), { kind: 'everything', definition: observation })
  t.match(permit(person('patient/*.rs'), observation, 'read'), {
    kind: 'patient',
    person: 'alice',
    patient: 'alice',
    topic: 'results',
  })
})

t.test('without its letter an interaction is refused with the scope that it needs', async t => {
  const letters: [Interaction, string][] = [
    ['read', 'r'],
    ['vread', 'r'],
    ['history-instance', 'r'],
    ['search-type', 's'],
    ['create', 'c'],
    ['update', 'u'],
    ['delete', 'd'],
  ]
  for (const [interaction, letter] of letters)
    for (const given of ['c', 'r', 'u', 'd', 's']) {
      const refused = refusal(() => permit(engine(`system/Observation.${given}`), observation, interaction))
      t.equal(refused?.status, given === letter ? undefined : 403, `${interaction} with ${given}`)
      if (refused)
        t.match(refused.headers['www-authenticate'], `insufficient_scope", scope="system/Observation.${letter}"`)
    }
})

t.test('what is not declared for who asks is refused, whatever the scopes', async t => {
  for (const definition of definitions.values())
    for (const interaction of ['read', 'search-type', 'create', 'update', 'delete'] as const)
      for (const grant of [
        person('patient/*.cruds'),
        person('patient/*.cruds', { act: { sub: 'bob' } }),
        engine('system/*.cruds'),
      ]) {
        const isDeclared = definition.may[grant.actor]?.includes(interaction) ?? false
        const refused = refusal(() => permit(grant, definition, interaction))
        t.equal(refused === undefined, isDeclared, `${interaction} of ${definition.type} by ${grant.actor}`)
        t.equal(allows(grant, definition, interaction), isDeclared)
      }
  const forNobody = { ...observation, may: {} }
  for (const grant of [person('patient/*.cruds user/*.cruds'), engine('system/*.cruds')])
    t.equal(refusal(() => permit(grant, forNobody, 'read'))?.status, 403, `${grant.actor}: open to nobody`)
})

t.test('a person without a patient reaches nothing', async t => {
  const { patient: _, ...homeless } = PERSON
  const grant = grantOf({ ...homeless, scope: 'patient/*.rs' })
  t.equal(refusal(() => permit(grant, observation, 'read'))?.status, 403)
})

t.test('a Binary is seen through what the grant may read of the patient’s, and through nothing else', async t => {
  const through = (scope: string): string[] => {
    const permission = permit(person(scope), declared('Binary'), 'read')
    return permission.kind === 'patient' ? permission.through.map(({ definition: { type } }) => type) : ['everything']
  }
  t.same(through('patient/Binary.r'), [])
  t.same(through('patient/Binary.r patient/DocumentReference.r'), ['DocumentReference'])
  t.same(through('patient/Binary.r patient/DocumentReference.s'), [], 'to find is not to read')
  t.ok(through('patient/*.rs').includes('DiagnosticReport'))
  t.notOk(through('patient/*.rs').includes('Practitioner'), 'what is everybody’s gives nobody a file')
})

t.test('fhirUser lets a person read who she is, and nothing more', async t => {
  const patient = declared('Patient')
  const grant = person('openid fhirUser')
  t.equal(permitRead(grant, patient, 'alice').kind, 'patient')
  t.equal(refusal(() => permitRead(grant, patient, 'bob'))?.status, 403)
  t.equal(refusal(() => permitRead(grant, observation, 'alice'))?.status, 403)
  t.equal(refusal(() => permit(grant, patient, 'read'))?.status, 403)
  t.equal(refusal(() => permitRead(person('openid'), patient, 'alice'))?.status, 403)
  t.equal(refusal(() => permitRead(person('openid', { fhirUser: 'Group/g' }), declared('Group'), 'g'))?.status, 403)
  t.equal(
    refusal(() => permitRead(person('openid fhirUser', { fhirUser: 'Group/g' }), declared('Group'), 'g'))?.status,
    403,
  )
})
