import t from 'tap'
import { parseScope, parseScopes, permits } from '../../src/access/scopes.ts'
import { definitions } from '../../src/resources/index.ts'
import { decide, prefilled, ticksFor } from '../../src/smart/ticks.ts'

const idsOf = (scopes: readonly string[]) => ticksFor(scopes).map(({ id }) => id)
const sentencesOf = (scopes: readonly string[], whose?: string) =>
  ticksFor(scopes, whose).map(({ sentence }) => sentence)

t.test('a decision grants what was asked for and ticked', async t => {
  const asked = ['openid', 'fhirUser', 'offline_access', 'launch/patient', 'patient/Patient.rs', 'patient/Task.rs']
  t.same(decide(asked, ['patient/Patient.rs', 'fhirUser', 'patient/*.rs', 'system/*.cruds', 'patient/Goal.rs']), {
    granted: ['openid', 'fhirUser', 'launch/patient', 'patient/Patient.rs'],
    refused: ['offline_access', 'patient/Task.rs'],
    added: [],
  })
  t.equal(decide(asked, ['fhirUser']), undefined, 'nothing of the record')
  t.match(decide(['openid'], []), { granted: ['openid'], refused: [] })
})

t.test('the ticks come in the order of a record, without what goes without saying, staying signed in last', async t => {
  const asked = [
    'openid',
    'offline_access',
    'fhirUser',
    'launch/patient',
    'patient/Patient.rs',
    'patient/Appointment.r',
  ]
  t.same(idsOf(asked), ['patient/Appointment.r', 'patient/Patient.rs', 'fhirUser', 'offline_access'])
  for (const sentence of sentencesOf(asked)) t.notMatch(sentence, /[/_]/, 'in words')
})

t.test('an app that asks for everything is asked about by topic', async t => {
  const sentences = sentencesOf(['patient/*.rs'])
  t.equal(sentences.length, 6)
  t.match(sentences, ['Your appointments', 'Your test results', 'Your letters and documents'])
  t.match(sentencesOf(['patient/*.rs'], 'Erin Finch')[0], 'Erin Finch’s appointments')
  t.same(decide(['patient/*.rs'], idsOf(['patient/*.rs'])), { granted: ['patient/*.rs'], refused: [], added: [] })
})

t.test('a topic that is not ticked is out of reach, whatever else was asked for', async t => {
  for (const asked of [['patient/*.rs'], ['patient/*.read'], ['patient/*.rs', 'patient/Communication.rs']]) {
    const ticked = ticksFor(asked).filter(({ topic }) => topic !== 'messages')
    const decision = decide(
      asked,
      ticked.map(({ id }) => id),
    )
    const granted = parseScopes((decision?.granted ?? []).join(' '))
    for (const { type, topic, may } of definitions.values()) {
      const expected = topic !== 'messages' && (may.patient ?? []).length > 0
      t.equal(permits(granted, 'patient', type, 'r'), expected, `${asked} ${type}`)
    }
    t.same(decision?.refused, asked)
    t.same(decision?.added, decision?.granted)
  }
})

t.test('a scope is asked about once, also when it is asked for in two ways', async t => {
  t.equal(ticksFor(['patient/*.rs', 'patient/Observation.rs', 'patient/*.read']).length, 6)
  const asked = ['patient/Observation.rs', 'patient/Observation.read']
  t.equal(ticksFor(asked).length, 1)
  t.same(decide(asked, idsOf(asked))?.granted, asked)
})

t.test('seeing and changing are two questions', async t => {
  const asked = ['patient/Task.cruds']
  t.match(ticksFor(asked), [
    { kind: 'see', sentence: /^Your requests/ },
    { kind: 'change', sentence: /^Add to, change and delete your requests/ },
  ])
  const [see = '', change = ''] = idsOf(asked)
  t.same(decide(asked, [see])?.granted, ['patient/Task.rs'])
  t.same(decide(asked, [change])?.granted, ['patient/Task.cud'])
  t.same(decide(asked, [see, change])?.granted, asked)
  t.same(decide(['patient/Task.*'], ['patient/Task.read'])?.granted, ['patient/Task.read'])
  for (const scope of decide(asked, [see])?.granted ?? []) t.ok(parseScope(scope), scope)
})

t.test('granular scopes are asked about one by one', async t => {
  const asked = ['patient/Observation.rs?category=laboratory', 'patient/Observation.rs?category=vital-signs']
  t.match(sentencesOf(asked), ['Your laboratory results', /^Your vital signs/])
  t.same(decide(asked, [asked[1] ?? ''])?.granted, [asked[1]])
})

t.test('the ticks start as they were left; what is new starts without one and is marked', async t => {
  const asked = ['patient/*.rs', 'offline_access']
  const first = prefilled(ticksFor(asked))
  t.ok(
    first.every(({ isTicked, isNew }) => isTicked && !isNew),
    'the first time all are ticked',
  )
  const keys = first.map(({ key }) => key)
  const last = { asked: keys, ticked: keys.filter(key => !key.endsWith('messages')) }
  const unticked = (scopes: string[]) =>
    prefilled(ticksFor(scopes), last)
      .filter(({ isTicked }) => !isTicked)
      .map(({ key, isNew }) => [key, isNew])
  t.same(unticked(asked), [['patient see messages', false]])
  t.same(unticked(['patient/Communication.rs', 'patient/Observation.rs']), [['patient see Communication', false]])
  t.same(unticked([...asked, 'fhirUser']), [
    ['patient see messages', false],
    ['fhirUser', true],
  ])
})
