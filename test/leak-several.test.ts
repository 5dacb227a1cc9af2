// What leak.test.ts does for one type at a time, for the searches and histories that are about several.
import t from 'tap'
import { definitions } from '../src/resources/index.ts'
import { entriesOf, inTurn } from './support/client.ts'
import { server } from './support/server.ts'
import { CANARY, canaryId, NOBODY, twoPatients } from './support/two-patients.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const { alice, victim, visible } = await twoPatients(s)
const types = [...definitions.keys()]

t.test('no search of several types, no words and no history bring anything of another patient', async t => {
  verifies('fhir-rest', 'REST-91')
  const paths = [
    '/?_count=1000',
    `/?_id=${CANARY},alice&_count=1000`,
    '/?_type=Observation,Patient,Schedule&_count=1000&_include=*&_revinclude=*',
    '/_history?_count=1000',
    '/Patient/alice/*?_count=1000&_include:iterate=*&_revinclude:iterate=*',
    ...types.flatMap(type => [`/${type}/_history?_count=1000`, `/${type}?_content=${CANARY}`]),
  ]
  const leaks: string[] = []
  let shown = 0
  await inTurn(paths, async path => {
    const names = entriesOf(await alice(path)).map(({ fullUrl }) => fullUrl.split('/').slice(-2).join('/'))
    shown += names.length
    const foreign = names.filter(name => !visible.has(name))
    if (foreign.length > 0) leaks.push(`${path} brings ${foreign}`)
  })
  t.same(leaks, [])
  t.ok(shown > 200, `what is hers is shown: ${shown}`)
  t.match((await victim('/_history?_count=1000')).text, canaryId('Observation'))
})

t.test('her compartment, her list and her ids are answered like those of nobody', async t => {
  verifies('fhir-rest', 'REST-91')
  const headers = { 'x-request-id': 'the-same-for-both' }
  const paths = types.flatMap(type => [
    `/?_type=${type}&_id=${canaryId(type)}&_total=accurate`,
    `/Patient/${CANARY}/${type}?_total=accurate`,
    `/${type}?_list=${canaryId('List')}&_total=accurate`,
    `/${type}?_list=${canaryId('List')}&_summary=count`,
  ])
  const nobodys = (text: string) => text.replaceAll(CANARY, NOBODY)
  const leaks: string[] = []
  await inTurn(paths, async path => {
    const [hers, none] = [await alice(path, { headers }), await alice(nobodys(path), { headers })]
    if (hers.status !== none.status || nobodys(hers.text) !== none.text)
      leaks.push(`${path} ${hers.text.slice(0, 300)}`)
  })
  t.same(leaks, [])
})
