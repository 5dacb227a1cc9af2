import t from 'tap'
import { nearest } from '../../src/fhir/nearest.ts'

t.test('a misspelt word finds the one that was meant', async t => {
  t.equal(nearest('birthdat', ['birthdate', 'name', 'given']), 'birthdate')
  t.equal(nearest('Name', ['birthdate', 'name']), 'name')
})

t.test('a word that is like none of them finds nothing', async t => {
  t.equal(nearest('zebra', ['birthdate', 'name']), undefined)
  t.equal(nearest('x'.repeat(1000), ['x']), undefined)
})
