import type { Bundle } from 'fhir/r4.js'
import pg from 'pg'
import t from 'tap'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

t.test('a feed', async t => {
  const running = await server(t)
  const headers = {
    authorization: `Bearer ${await engineToken(running)}`,
    'content-type': 'application/fhir+json',
  }
  const request = async (method: string, path: string, body?: unknown): Promise<Bundle> => {
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
    const response = await fetch(`${running.baseUrl}/fhir${path}`, init)
    t.ok(response.ok, `${method} ${path}`)
    return (await response.json()) as Bundle
  }
  const put = (...names: string[]) =>
    request('POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: names.map(name => {
        const [resourceType, id] = name.split('/')
        const members = { Location: {}, Organization: { name: String(Math.random()) } }[String(resourceType)]
        return { request: { method: 'PUT', url: name }, resource: { resourceType, id, ...members } }
      }),
    })
  /** Holds what a write of this resource has to wait for; the function lets go. */
  const hold = async (name: string): Promise<() => Promise<void>> => {
    const client = new pg.Client(running.pool.options as pg.ClientConfig)
    await client.connect()
    await client.query('select pg_advisory_lock(index_key($1))', [name])
    return () => client.end()
  }
  const untilWaiting = async (count: number): Promise<void> => {
    const waiting = "select from pg_locks where locktype = 'advisory' and not granted"
    for (;;) if ((await running.pool.query(waiting)).rowCount === count) return
  }
  const changed = async (since: string) => {
    const { entry = [] } = await request('GET', `/Organization?_lastUpdated=ge${since}&_sort=_lastUpdated`)
    return entry.map(({ resource }) => ({ id: resource?.id ?? '', at: resource?.meta?.lastUpdated ?? '' }))
  }

  t.test('passes nothing over, in whatever order writes wait for each other', async t => {
    await put('Organization/contested')
    const [before] = await changed('2020-01-01')
    const letGo = { one: await hold('Location/one'), two: await hold('Location/two') }
    // The first two writes begin, and wait. A third one overtakes them, so the first is stamped later than it began.
    const first = put('Location/one', 'Organization/contested')
    await untilWaiting(1)
    const second = put('Location/two', 'Organization/late')
    await untilWaiting(2)
    // The stamps of the second and the third write must differ.
    await new Promise(passed => setTimeout(passed, 5))
    await put('Organization/contested')
    await letGo.one()
    await first
    const seen = await changed(before?.at ?? '')
    await letGo.two()
    await second
    const since = seen.at(-1)?.at ?? before?.at ?? ''
    t.ok(
      (await changed(since)).some(({ id }) => id === 'late'),
      `late is among what changed since ${since}`,
    )
  })

  t.test('shows at once what was written when nobody else is writing', async t => {
    const [{ at: since } = { at: '' }] = (await changed('2020-01-01')).slice(-1)
    for (let each = 0; each < 15; each++) {
      await put(`Organization/alone-${each}`)
      t.ok((await changed(since)).some(({ id }) => id === `alone-${each}`))
    }
  })
})
