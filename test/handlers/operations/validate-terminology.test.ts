import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { client, type Reply, store } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { result, terminology } from '../../support/terminology.ts'
import { engineToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'
import { canonical, packageOf, profile } from '../../validation/profiles/packages.ts'

const SNOMED = 'http://snomed.info/sct'
const tx = await terminology(t)
const FINDINGS = 'http://example.org/ValueSet/findings'
const folder = packageOf(t, [
  profile('bound', 'Condition', [
    { id: 'Condition.code', binding: { strength: 'required', valueSet: FINDINGS } },
    { id: 'Condition.bodySite', binding: { strength: 'extensible', valueSet: FINDINGS } },
  ]),
])
const s = await server(t, {
  variables: {
    PORTICO_TERMINOLOGY_SERVER: `${tx.base}/`,
    PORTICO_LOG_LEVEL: 'trace',
    PORTICO_PROFILES: folder,
  },
})
const engine = client(s, await engineToken(s))
await store(engine, [{ resourceType: 'Patient', id: 'dev' }])
const coded = (code: string) => ({ coding: [{ system: SNOMED, code, display: 'CANARY-display' }], text: 'CANARY-text' })
const condition = (elements: Json): Json => ({
  resourceType: 'Condition',
  subject: { reference: 'Patient/dev', display: 'CANARY-name' },
  note: [{ text: 'CANARY-note' }],
  ...elements,
})
const checked = (body: Json) => engine('/Condition/$validate', { method: 'POST', body })
const issuesOf = ({ json }: Reply) =>
  (json.issue ?? []) as { severity: string; diagnostics: string; expression?: string[] }[]

t.test('a code that the terminology server knows is fine, and nothing is said to be unchecked', async t => {
  verifies('fhir-rest', 'REST-56')
  tx.answers(result(true))
  const reply = await checked(condition({ severity: coded('24484000'), code: coded('195967001') }))
  t.same(
    issuesOf(reply).map(({ severity }) => severity),
    ['information'],
  )
  t.equal(tx.asked.length, 2)
})

t.test('one that it does not know is a warning, with the value set where there is one', async t => {
  tx.answers(result(false))
  const reply = await checked(condition({ severity: coded('11'), code: coded('12') }))
  t.match(issuesOf(reply), [
    {
      severity: 'warning',
      diagnostics: /^"11" of .*sct is not of Condition.*preferred/,
      expression: ['Condition.severity'],
    },
    {
      severity: 'warning',
      diagnostics: /^There is no "12" of .*says the terminology server/,
      expression: ['Condition.code'],
    },
  ])
})

t.test('what it does not answer is said to be unchecked, and fails nothing', async t => {
  tx.answers(response => response.writeHead(500).end('CANARY-answer'))
  const reply = await checked(condition({ severity: coded('21') }))
  t.equal(reply.status, 200)
  t.match(issuesOf(reply), [
    { severity: 'information', diagnostics: 'Nothing is wrong with it' },
    { severity: 'information', diagnostics: /^Not looked up were the codes of SNOMED CT: .*could not tell$/ },
  ])
})

t.test('the bindings of profiles are asked about too, by their own value sets', async t => {
  const bound = (code: string) => condition({ meta: { profile: [canonical('bound')] }, code: coded(code) })
  const ofProfile = (reply: Reply) => issuesOf(reply).filter(({ diagnostics }) => diagnostics.includes(FINDINGS))
  const asked = (body: Json) => engine(`/Condition/$validate?profile=${canonical('bound')}`, { method: 'POST', body })
  tx.answers(result(true))
  t.same(ofProfile(await checked(bound('41'))), [])
  t.ok(
    tx.asked.some(({ body }) => body.includes(FINDINGS)),
    'about the value set of the profile',
  )
  tx.answers(result(false))
  t.match(ofProfile(await checked(bound('42'))), [{ severity: 'warning', expression: ['Condition.code'] }])
  t.match(ofProfile(await asked(condition({ code: coded('43'), bodySite: [coded('44')] }))), [
    { severity: 'error', diagnostics: /sct\|43" is not of .*required/, expression: ['Condition.code'] },
    { severity: 'warning', diagnostics: /to be used where/, expression: ['Condition.bodySite[0]'] },
  ])
  tx.answers(response => response.writeHead(500).end())
  t.match(ofProfile(await checked(bound('45'))), [
    { severity: 'information', diagnostics: /^Not checked was whether codes are of .*which is not loaded/ },
  ])
})

t.test('writes and the entries of Bundles ask nobody', async t => {
  tx.answers(result(true))
  const before = tx.asked.length
  const resource = condition({ severity: coded('31'), clinicalStatus: undefined })
  t.equal((await engine('/Condition', { method: 'POST', body: resource })).status, 201)
  const request = { method: 'POST', url: 'Condition/$validate' }
  const bundle = { resourceType: 'Bundle', type: 'batch', entry: [{ resource, request }] }
  const reply = await engine('/', { method: 'POST', body: bundle })
  t.match(reply.text, /Not looked up were the codes of SNOMED CT: their lists are not here"/)
  t.equal(tx.asked.length, before)
})

t.test('it is told nothing of the resource but codes, and the log tells nothing at all', async t => {
  t.ok(tx.asked.length > 0)
  for (const { path, headers, body } of tx.asked) {
    t.notMatch(`${path}${JSON.stringify(headers)}${body}`, /CANARY|Patient|dev/)
    t.match(body, /^\{"resourceType":"Parameters","parameter":\[\{"name":"url"/)
  }
  t.notMatch(s.logged.join(''), /CANARY|195967001|24484000/)
})
