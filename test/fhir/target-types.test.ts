import t from 'tap'
import { targetTypesOf } from '../../src/fhir/target-types.ts'

t.test('a parameter leads to what its definition names, as far as its expression gets there', async t => {
  t.same(targetTypesOf('Observation', 'patient'), ['Patient'])
  t.same([...targetTypesOf('Observation', 'subject')].sort(), ['Device', 'Group', 'Location', 'Patient'])
  t.same(targetTypesOf('QuestionnaireResponse', 'questionnaire'), ['Questionnaire'])
})

t.test('a parameter that several types share leads no further than its own type lets it', async t => {
  t.same(targetTypesOf('AllergyIntolerance', 'patient'), ['Patient'], 'the definition names Group for other types')
  t.same(targetTypesOf('CareTeam', 'encounter'), ['Encounter'])
})

t.test('a parameter of any target leads everywhere, and one that is no reference nowhere', async t => {
  t.ok(targetTypesOf('List', 'item').length > 140)
  t.same(targetTypesOf('Observation', 'code'), [])
  t.same(targetTypesOf('Observation', 'no-such-parameter'), [])
})
