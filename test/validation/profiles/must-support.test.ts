import t from 'tap'
import { canonical, loaded, profile } from './packages.ts'

const mustSupport = true
const definitions = [
  profile('supported', 'Patient', [
    { id: 'Patient.birthDate', mustSupport },
    { id: 'Patient.deceased[x]', mustSupport },
    { id: 'Patient.name', mustSupport },
    { id: 'Patient.name.family', mustSupport },
    { id: 'Patient.contact.name', mustSupport },
    { id: 'Patient.gender', min: 0 },
  ]),
  profile('narrower', canonical('supported'), [{ id: 'Patient.gender', mustSupport }], { type: 'Patient' }),
]

t.test('what a profile marks as must-support and a resource does not have is listed, and is no fault', async t => {
  const profiles = await loaded(t, definitions)
  const found = (resource: object, name = 'supported') => {
    const [first] = profiles.check({ resourceType: 'Patient', ...resource }, { asked: [canonical(name)] })
    t.same(first?.issues, [])
    return first?.absent()
  }
  t.same(found({}), ['Patient.birthDate', 'Patient.deceased', 'Patient.name'])
  t.same(found({ birthDate: '1970-01-01', deceasedBoolean: false, name: [{ family: 'Smith' }] }), [])
  t.same(found({ birthDate: '1970-01-01', deceasedDateTime: '2020', name: [{ given: ['A'] }] }), [
    'Patient.name.family',
  ])
  t.same(found({ _birthDate: { extension: [] }, deceasedBoolean: true, name: [{ family: 'S' }], contact: [{}] }), [
    'Patient.contact.name',
  ])
  t.same(
    found({ birthDate: '1970-01-01', deceasedBoolean: false, name: [{ family: 'Smith' }] }, 'narrower'),
    ['Patient.gender'],
    'what the base marks is marked in what is built on it',
  )
  t.same(found({}, 'narrower')?.length, 4)
})
