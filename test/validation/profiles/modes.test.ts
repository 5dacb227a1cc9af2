import t from 'tap'
import { modeOf, modeSetting } from '../../../src/validation/profiles/modes.ts'

const URL = 'https://fhir.example.org/StructureDefinition/x'

t.test('a mode is set for a type, a profile, or a profile that a type has to keep', async t => {
  t.same(modeSetting('Patient=off'), { type: 'Patient', mode: 'off' })
  t.same(modeSetting(`${URL}=warn`), { profile: URL, mode: 'warn' })
  t.same(modeSetting(` Patient@${URL}=enforce`), { type: 'Patient', profile: URL, mode: 'enforce' })
  for (const wrong of ['', 'Patient', 'Patient=on', 'patient=off', `Patient@=off`, `Patient ${URL}=off`])
    t.equal(modeSetting(wrong), undefined, wrong)
})

t.test('the most particular setting counts, and without one a profile warns', async t => {
  const type = { type: 'Patient', mode: 'off' } as const
  const profile = { profile: URL, mode: 'enforce' } as const
  const both = { type: 'Patient', profile: URL, mode: 'warn' } as const
  t.equal(modeOf([], 'Patient', URL), 'warn')
  t.equal(modeOf([type], 'Patient', URL), 'off')
  t.equal(modeOf([type], 'Observation', URL), 'warn')
  t.equal(modeOf([type, profile], 'Patient', URL), 'enforce')
  t.equal(modeOf([type, profile, both], 'Patient', URL), 'warn')
  t.equal(modeOf([type, profile, both], 'Patient', `${URL}2`), 'off')
})
