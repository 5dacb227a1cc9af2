import t from 'tap'
import { grantedInWords } from '../../src/smart/granted-words.ts'
import { decide, ticksFor } from '../../src/smart/ticks.ts'

t.test('what was allowed is said by topic where it is all of a topic', async t => {
  t.equal(grantedInWords(['openid', 'offline_access', 'patient/*.rs']).see.length, 6)
  const ids = ticksFor(['patient/*.rs']).map(({ id }) => id)
  const { granted = [] } =
    decide(
      ['patient/*.rs'],
      ids.filter(id => !id.endsWith(' messages')),
    ) ?? {}
  t.ok(granted.length > 20)
  const { see, change } = grantedInWords(granted, 'Erin Finch')
  t.match(see, ['Erin Finch’s appointments', 'Erin Finch’s test results', 'Erin Finch’s letters and documents'])
  t.equal(see.length, 5)
  t.same(change, [])
})

t.test('and by type where it is some of it', async t => {
  t.same(grantedInWords(['patient/Observation.rs', 'patient/Goal.read', 'fhirUser']), {
    see: ['Your test results and measurements', 'Your health goals'],
    change: [],
  })
  t.same(grantedInWords(['patient/Observation.rs?category=laboratory']).see, ['Your laboratory results'])
  t.match(grantedInWords(['user/Appointment.rs']).see, [/^Your appointments, and those of everybody/])
  t.same(grantedInWords(['openid', 'fhirUser']), { see: [], change: [] })
})

t.test('changing is told apart', async t => {
  t.same(grantedInWords(['patient/Task.cr']), {
    see: ['Your requests to the hospital, and what came of them'],
    change: ['Add to your requests to the hospital, and what came of them'],
  })
})
