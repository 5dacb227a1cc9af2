// Every element of every served type, changed in every way that makes it wrong, and in ways that do not.
import t from 'tap'
import type { Issue } from '../../src/fhir/outcome.ts'
import type { Json } from '../../src/fhir/types.ts'
import { servedTypes } from '../../src/resources/index.ts'
import { validate } from '../../src/validation/validate.ts'
import { INVALID, LEGAL, type Operator } from './operators.ts'
import { expressionOf, holderOf, type Place, placesOf, resourceWith, valueAt } from './routes.ts'

/** An element may be right while a rule wants something beside it: test/validation/invariants.test.ts has those. */
const isRule = ({ code, text }: Issue): boolean =>
  code === 'invariant' && /\((?!ele-|ext-|ref-|dom-)[a-z]+-\d+\)$/.test(text)

const faultsOf = (resource: Json): Issue[] => validate(resource).issues.filter(issue => !isRule(issue))

type Subject = { readonly place: Place; readonly text: string }

const subjects: readonly Subject[] = servedTypes.flatMap(type =>
  placesOf(type)
    .filter(({ steps }) => steps.every(({ member }) => member !== 'modifierExtension'))
    .map(place => ({ place, resource: resourceWith(place, valueAt(place)) }))
    // An id alone is no element.
    .filter(
      ({ place, resource }) =>
        place.datatype !== 'id of an element' || Object.keys(holderOf(resource, place)).length > 1,
    )
    .map(({ place, resource }) => ({ place, text: JSON.stringify(resource) })),
)

/** A resource changed by an operator; nothing where it does not apply. */
function mutant({ change }: Operator, { place, text }: Subject): Json | undefined {
  const resource = JSON.parse(text) as Json
  return change(resource, place) ? resource : undefined
}

t.test('there are at least eighty ways to be wrong', async t => {
  t.ok(INVALID.length >= 80, `${INVALID.length}`)
  t.equal(new Set(INVALID.map(({ name }) => name)).size, INVALID.length)
})

t.test('every element of every served type is accepted with a right value', async t => {
  const refused = subjects.flatMap(({ place, text }) =>
    faultsOf(JSON.parse(text)).map(issue => `${expressionOf(place)}: ${issue.text}`),
  )
  t.same(refused.slice(0, 20), [])
  t.ok(subjects.length > 4000, `${subjects.length} elements`)
})

for (const operator of INVALID)
  t.test(`refused: ${operator.name}`, async t => {
    const accepted: string[] = []
    let count = 0
    for (const subject of subjects) {
      const resource = mutant(operator, subject)
      if (!resource) continue
      count++
      const issues = faultsOf(resource)
      if (issues.length === 0) accepted.push(`${expressionOf(subject.place)} in ${JSON.stringify(resource)}`)
    }
    t.same(accepted.slice(0, 5), [], `${accepted.length} of ${count}`)
    t.ok(count > 0, 'it applies somewhere')
  })

for (const operator of LEGAL)
  t.test(`accepted: ${operator.name}`, async t => {
    const refused: string[] = []
    let count = 0
    for (const subject of subjects) {
      const resource = mutant(operator, subject)
      if (!resource) continue
      count++
      const [issue] = faultsOf(resource)
      if (issue) refused.push(`${expressionOf(subject.place)}: ${issue.text} in ${JSON.stringify(resource)}`)
    }
    t.same(refused.slice(0, 5), [], `${refused.length} of ${count}`)
    t.ok(count > 0, 'it applies somewhere')
  })
