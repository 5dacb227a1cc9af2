import { readFile } from 'node:fs/promises'
import type { Bundle, Observation, Resource } from 'fhir/r4.js'
import t from 'tap'
import { engineToken } from '../../scripts/demo-client.ts'
import { missing, sharedFile } from '../fhir/shared-data.ts'
import { demoServer } from '../support/demo.ts'

// A trust's integration engine, from outside: it gets a token with its key, sends its day, sends it again, and a
// reader follows what changes.

const server = await demoServer(t, { records: false })
const base = `${server.baseUrl}/fhir`
const key = { ...server.engineKey, kid: 'demo-engine' } as Parameters<typeof engineToken>[1]
const bearer = `Bearer ${await engineToken(server.baseUrl, key, 'system/*.cruds')}`

type Answer = { status: number; headers: Headers; body: Bundle }

async function send(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(path.startsWith('http') ? path : `${base}${path}`, {
    method,
    headers: { authorization: bearer, 'content-type': 'application/fhir+json', ...more },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Bundle }
}

const versionsOf = ({ entry = [] }: Bundle) => entry.map(({ response }) => response?.location ?? '')
const statusesOf = ({ entry = [] }: Bundle) => new Set(entry.map(({ response }) => response?.status))

t.test('sends a patient’s whole record', { skip: missing }, async t => {
  const text = await readFile(sharedFile('uk-demo/01-adult.json'), 'utf8')
  const sent = JSON.parse(text) as Bundle
  const first = await send('POST', '', text)
  t.equal(first.status, 200, JSON.stringify(first.body))
  t.same([...statusesOf(first.body)], ['201 Created'])
  const [patient = ''] = versionsOf(first.body).map(each => each.split('/_history')[0] ?? '')

  t.test('whose parts are the patient’s, though they named her by her NHS number only', async t => {
    const id = patient.split('/')[1]
    for (const [type, count] of [
      ['Appointment', 5],
      ['DiagnosticReport', 2],
      ['Observation', 6],
      ['DocumentReference', 1],
      ['Communication', 2],
    ] as const) {
      const { body } = await send('GET', `/${type}?patient=${id}`)
      t.equal(body.total, count, type)
    }
  })

  t.test('and again, which makes no new version of what is named by its identifier', async t => {
    const isNamed = sent.entry?.map(({ request }) => request?.method === 'PUT') ?? []
    const isLetter = sent.entry?.map(({ resource }) => resource?.resourceType === 'DocumentReference') ?? []
    const again = await send('POST', '', text)
    const before = versionsOf(first.body)
    const after = versionsOf(again.body)
    t.same(
      after.filter((_, index) => isNamed[index] && !isLetter[index]),
      before.filter((_, index) => isNamed[index] && !isLetter[index]),
    )
    // The bundle posts the letter's Binary without a condition: it is another Binary, which the letter then refers to.
    t.not(after[isNamed.indexOf(false)], before[isNamed.indexOf(false)])
    t.match(after[isLetter.indexOf(true)], /_history\/2$/)
  })

  t.test('and then an update of a version that is no longer the current one, which is refused', async t => {
    const { body: found } = await send('GET', '/Appointment?identifier=A8472357')
    const [appointment] = found.entry?.map(({ resource }) => resource) ?? []
    const path = `/Appointment/${appointment?.id}`
    const cancelled = await send('PUT', path, { ...appointment, status: 'cancelled' }, { 'if-match': 'W/"1"' })
    t.equal(cancelled.status, 200)
    t.equal(cancelled.headers.get('etag'), 'W/"2"')
    // A message that was overtaken on its way: it was made when version 1 was the current one.
    const late = await send('PUT', path, { ...appointment, description: 'late' }, { 'if-match': 'W/"1"' })
    t.equal(late.status, 412)
    t.match(late.body, { resourceType: 'OperationOutcome', issue: [{ diagnostics: /current version is W\/"2"/ }] })
    t.match((await send('GET', path)).body, { status: 'cancelled' })
    const resolved = await send('PUT', path, { ...appointment, status: 'arrived' }, { 'if-match': 'W/"2"' })
    t.equal(resolved.headers.get('etag'), 'W/"3"')
  })

  t.test('and a wrong one, of which nothing is kept', async t => {
    const wrong = JSON.parse(text.replaceAll('A8472357', 'A-NEW').replaceAll('9992914173', '9990000042')) as Bundle
    Object.assign(wrong.entry?.[16]?.resource ?? {}, { status: 'unheard-of' })
    const refused = await send('POST', '', wrong)
    t.equal(refused.status, 422)
    t.match(JSON.stringify(refused.body), /Bundle\.entry\[16\]/)
    t.match((await send('GET', '/Appointment?identifier=A-NEW&_summary=count')).body, { total: 0 })
  })
})

t.test('a reader of what changed misses nothing while others write', async t => {
  const observation = (id: string): Observation => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'Temperature' },
  })
  const bundle = (ids: readonly string[]) => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: ids.map(id => ({ request: { method: 'PUT', url: `Observation/${id}` }, resource: observation(id) })),
  })
  const written = Array.from({ length: 40 }, (_, index) =>
    Array.from({ length: (index % 5) + 1 }, (_, part) => `feed-${index}-${part}`),
  )
  const begin = new Date(Date.now() - 1).toISOString()
  let writing = true
  const lane = async (lanes: number, which: number) => {
    for (const [index, ids] of written.entries())
      if (index % lanes === which) t.equal((await send('POST', '', bundle(ids))).status, 200)
  }
  const writers = Promise.all([lane(4, 0), lane(4, 1), lane(4, 2), lane(4, 3)]).then(() => {
    writing = false
  })

  // What a client of a feed does: ask from the last change it knows, inclusive, and follow the pages.
  const seen = new Set<string>()
  const times: string[] = []
  let since = begin
  for (let isLast = false; !isLast; ) {
    isLast = !writing
    let next: string | undefined = `/Observation?_lastUpdated=ge${since}&_sort=_lastUpdated&_count=7`
    while (next !== undefined) {
      const { status, body }: Answer = await send('GET', next)
      t.equal(status, 200)
      for (const { resource } of body.entry ?? []) {
        const { id = '', meta } = resource as Resource
        seen.add(id)
        times.push(meta?.lastUpdated ?? '')
        since = meta?.lastUpdated ?? since
      }
      next = body.link?.find(({ relation }) => relation === 'next')?.url
    }
  }
  await writers
  t.same([...seen].sort(), written.flat().sort())
  t.ok(times.length >= seen.size)
})
