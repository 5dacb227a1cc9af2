import t from 'tap'
import { definitions } from '../../src/resources/index.ts'
import { inWords, TOPICS } from '../../src/resources/topics.ts'
import { sentenceOf } from '../../src/smart/scope-words.ts'

t.test('a scope says what it is about in the words of its declaration', async t => {
  t.equal(sentenceOf('patient/Appointment.rs'), 'See your appointments')
  t.equal(sentenceOf('patient/Appointment.read'), 'See your appointments', 'of either version')
  t.equal(sentenceOf('patient/Appointment.rs', 'Alice Archer'), 'See Alice Archer’s appointments')
  t.equal(sentenceOf('patient/RelatedPerson.rs', 'Erin'), 'See the people close to Erin, such as family and carers')
  t.match(sentenceOf('user/Appointment.rs'), /^See your appointments, and those of everybody whose record/)
})

t.test('looking and changing are told apart', async t => {
  t.equal(sentenceOf('patient/Task.c'), 'Add to your requests to the hospital, and what came of them')
  t.match(sentenceOf('patient/Appointment.cud'), /^Add to, change and delete your/)
  t.match(sentenceOf('patient/Appointment.write'), /^Add to, change and delete your/)
  t.match(sentenceOf('patient/Appointment.rus'), /^See and change your/)
})

t.test('a granular scope says what it is limited to', async t => {
  const category = 'http://terminology.hl7.org/CodeSystem/observation-category'
  t.equal(sentenceOf(`patient/Observation.rs?category=${category}|laboratory`), 'See your laboratory results')
  t.equal(sentenceOf('patient/Observation.rs?category=laboratory'), 'See your laboratory results')
  t.equal(
    sentenceOf('patient/Observation.rs?category=laboratory,vital-signs', 'Dev'),
    'See Dev’s laboratory results, and Dev’s vital signs, such as blood pressure and weight',
  )
  t.equal(
    sentenceOf('patient/Observation.rs?category=laboratory&status=final'),
    'See your laboratory results, only those with status “final”',
  )
  t.equal(
    sentenceOf('patient/Appointment.rs?service-type=http://example.org|<x>'),
    'See your appointments, only those with service type “<x>”',
  )
})

t.test('every type and topic has words for a patient, without codes', async t => {
  const phrases = [...definitions.values()].flatMap(({ type, words, kinds = {} }) =>
    [words, ...Object.values(kinds).flatMap(each => Object.values(each))].map(phrase => [type, phrase] as const),
  )
  for (const [of, phrase] of [...phrases, ...Object.entries(TOPICS)]) {
    t.notMatch(inWords(phrase), /[{}./_]|[a-z][A-Z]/, of)
    t.match(phrase.charAt(0), /[a-z{]/, `${of} goes on after "See"`)
  }
  t.equal(new Set(phrases.map(([, phrase]) => phrase)).size, phrases.length, 'no two types say the same')
})
