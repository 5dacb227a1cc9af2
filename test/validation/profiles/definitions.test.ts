import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PackageError, readDefinitions } from '../../../src/validation/profiles/definitions.ts'
import { loadProfiles } from '../../../src/validation/profiles/profiles.ts'
import { canonical, folder, packageOf, profile, tgz, valueSet } from './packages.ts'

const ours = profile('named', 'Patient', [{ id: 'Patient.name', min: 1 }])

/** What is said of packages that cannot be used. */
function problems(...sources: string[]): string {
  try {
    readDefinitions(sources)
  } catch (error) {
    if (error instanceof PackageError) return error.message
    throw error
  }
  return ''
}

t.test('a folder and a .tgz are read alike, with what lies in folders below', async t => {
  const path = packageOf(t, [ours, valueSet('v', [{ system: 'urn:s' }]), { resourceType: 'Patient', id: 'an-example' }])
  const file = join(folder(t), 'package.tgz')
  const long = `package/${'n'.repeat(120)}.json`
  writeFileSync(
    file,
    tgz([
      { name: 'package/package.json', text: '{"name": "x"}' },
      { name: 'pax', kind: 'x', text: `${long.length + 10} path=${long}\n` },
      { name: long.slice(0, 100), text: JSON.stringify(ours) },
      { name: 'package/v.json', text: JSON.stringify(valueSet('v', [{ system: 'urn:s' }])) },
    ]),
  )
  for (const source of [path, file]) {
    const { structures, valueSets, codeSystems } = readDefinitions([source])
    t.same([...structures.keys()], [canonical('named')])
    t.same([valueSets.size, codeSystems.size], [1, 0])
  }
})

t.test('everything that is wrong with packages is said at once', async t => {
  const path = packageOf(t, [ours])
  writeFileSync(join(path, 'wrong.json'), '{"resourceType": "ValueSet", ')
  const broken = join(folder(t), 'broken.tgz')
  writeFileSync(broken, tgz([{ name: 'a.json', text: 'x'.repeat(2000) }]).subarray(0, 40))
  const text = problems(path, broken, join(path, 'nowhere'))
  t.match(text, /wrong\.json/)
  t.match(text, /broken\.tgz/)
  t.match(text, /nowhere/)
})

t.test('a folder of definitions in XML is refused with what to do', async t => {
  const path = folder(t)
  writeFileSync(join(path, 'StructureDefinition-x.xml'), '<StructureDefinition/>')
  t.match(problems(path), /definitions in XML have to be made JSON first/)
  t.match(problems(folder(t)), /has no JSON files/)
})

t.test('a mode for a profile that is not loaded, or of another type, is refused at the start', async t => {
  const path = packageOf(t, [ours])
  const refused = (modes: Parameters<typeof loadProfiles>[1]) => t.rejects(loadProfiles([path], modes), PackageError)
  await refused([{ profile: canonical('other'), mode: 'enforce' }])
  await refused([{ type: 'Observation', profile: canonical('named'), mode: 'enforce' }])
  const { supported } = await loadProfiles([path], [{ type: 'Patient', profile: canonical('named'), mode: 'enforce' }])
  t.same(supported('Patient'), [canonical('named')])
})
