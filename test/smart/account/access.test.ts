import t from 'tap'
import { personTokens, type Visited } from '../../../scripts/demo-client.ts'
import { signInTo } from '../../support/account-pages.ts'
import { client, store } from '../../support/client.ts'
import { demoServer } from '../../support/demo.ts'
import { auditLines } from '../../support/stored.ts'
import { engineToken } from '../../support/token.ts'

const s = await demoServer(t)
const SCOPE = 'launch/patient patient/*.rs'
const app = async (who: string) => client(s, (await personTokens(s.baseUrl, who, SCOPE)).access_token)
const page = async (who: string) => signInTo(s.baseUrl, fetch, who, 'access')
const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
/** The visits of a page, each with its day. */
const visitsOf = ({ html }: Visited): string[] =>
  html
    .split('<h2 class="nhsuk-heading-m">')
    .slice(1)
    .flatMap(day => {
      const [heading = '', ...visits] = day.split('<h3').map(part => part.split('</ul>\n<')[0] ?? '')
      return visits.map(visit => `${textOf(heading.split('<')[0] ?? '')} ${textOf(visit.replace(/^[^>]*>/, ''))}`)
    })

t.test('a patient sees who looked at her record, with what, and at how much', async t => {
  const alice = await app('alice')
  await alice('/Observation?_count=50')
  await alice('/Practitioner/dr-shah')
  await (await app('bob'))('/Appointment')
  await client(s, await engineToken(s))('/Patient/alice')
  const { page: shown } = await page('alice')
  t.match(shown.html, '<h1 class="nhsuk-heading-l">Who looked at my record</h1>')
  const visits = visitsOf(shown)
  t.ok(visits.some(each => /You, with the app “Demo app” Was shown: Your test results and measurements: 3$/.test(each)))
  t.ok(
    visits.some(each =>
      /Bob Archer, who acts for you, with the app “Demo app” Was shown: Your appointments: 3$/.test(each),
    ),
  )
  t.ok(visits.some(each => /The hospital’s system “.*” Was shown: Your name.*: 1 Added or changed: /.test(each)))
  t.notMatch(shown.html, /withheld|haemoglobin|dr-shah|Patient\//i, 'nothing of what is in it')
  t.notMatch(visits.join(), 'Your test results and measurements: 4', 'nor that there is a withheld one')
})

t.test('looking at the list is itself on record', async t => {
  await page('alice')
  const lines = (await auditLines(s.pool)).filter(line => line[2] === 'list-accesses')
  t.match(lines.at(-1), [String, String, 'list-accesses', 'Patient/alice', 'patient', 'alice', 'account', 'alice', {}])
})

t.test('who acts in some topics only sees her own list and no other', async t => {
  const { open: asAlice, page: hers } = await page('alice')
  t.notMatch(hers.html, 'access?of=', 'there is one record')
  const { open, page: own } = await page('bob')
  t.notMatch(own.html, /Alice|access\?of=/)
  for (const of of ['alice', 'Patient/alice', '0', '1', ''])
    t.notMatch((await open(`${s.baseUrl}/account/access?of=${of}`)).html, /Alice/, of)
  t.match((await asAlice(`${s.baseUrl}/account/access`)).html, 'Who looked at my record')
})

t.test('who acts in everything sees the other list too, as long as she acts', async t => {
  await s.pool.query("update reach set topics = array['*'] where actor = 'RelatedPerson/bob-for-alice'")
  const { open, page: own } = await page('bob')
  const [, path = ''] = /href="(\/account\/access\?of=[0-9a-f]{16})">The record of Alice Archer</.exec(own.html) ?? []
  const hers = await open(`${s.baseUrl}${path}`)
  t.match(hers.html, 'Who looked at the record of Alice Archer')
  t.match(visitsOf(hers).join(), 'You, with the app “Demo app” Was shown: Alice Archer’s appointments: 3')
  t.match(visitsOf(hers).join(), 'Alice Archer, with the app “Demo app”')
  const [, back = ''] = /href="(\/account\/access\?of=[0-9a-f]{16})">Your own record</.exec(hers.html) ?? []
  t.match((await open(`${s.baseUrl}${back}`)).html, 'Who looked at my record')
  const other = await page('bob')
  t.notMatch(
    (await other.open(`${s.baseUrl}${path}`)).html,
    'the record of Alice',
    'an address is good in its session only',
  )
  await s.pool.query("update reach set ends = now() where actor = 'RelatedPerson/bob-for-alice'")
  t.notMatch((await open(`${s.baseUrl}${path}`)).html, 'Alice')
})

t.test('whoever has no record is told so', async t => {
  await s.pool.query("delete from person_actor where person = 'george'")
  t.match((await page('george')).page.html, 'Your account is not connected to a hospital record')
})

t.test('a long list has pages, from the latest to the first', async t => {
  await store(client(s, await engineToken(s)), [{ resourceType: 'Patient', id: 'hana', name: [{ family: 'Hill' }] }])
  const hana = await app('hana')
  const start = Date.parse('2027-01-01T00:00:00Z')
  for (let hour = 0; hour < 45; hour++) {
    s.clock.set(new Date(start + hour * 3_600_000))
    await hana('/Patient/hana')
  }
  const { open, page: first } = await page('hana')
  const seen: string[] = []
  let shown: Visited | undefined = first
  while (shown) {
    seen.push(...visitsOf(shown))
    const [, next]: readonly string[] = /href="([^"]*before=[^"]*)"/.exec(shown.html) ?? []
    shown = next === undefined ? undefined : await open(new URL(next.replaceAll('&amp;', '&'), s.baseUrl).href)
  }
  t.match(seen[0], /^2 January 2027 8:00pm: You/)
  t.equal(new Set(seen.slice(0, 45)).size, 45)
  t.match(seen.slice(45).join(), 'Added or changed', 'when she was entered, and before that nothing')
  t.equal(visitsOf(first).length, 20)
  for (const before of ['now()', '2027-01-01', "2027-01-01T00:00:00.000Z'", '9'.repeat(30)])
    t.same(visitsOf(await open(`${s.baseUrl}/account/access?before=${before}`)), visitsOf(first), before)
})
