// What is somebody else's costs as much as what is not there: the time of an answer tells nobody that it exists.
import t from 'tap'
import { client, type Reply, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t, { variables: { PORTICO_STATEMENTS: 'unnamed' } })
const engine = client(s, await engineToken(s))
const file = (id: string) => ({ resourceType: 'Binary', id, contentType: 'application/pdf', data: 'JVBERi0=' })
const letter = (id: string, of: string, binary: string) => ({
  ...giveTo(minimal('DocumentReference', id), of),
  content: [{ attachment: { url: `Binary/${binary}` } }],
})
await store(engine, [minimal('Patient', 'alice'), minimal('Patient', 'bob'), file('hers'), file('his'), file('gone')])
await store(engine, [letter('a', 'alice', 'hers'), letter('b', 'bob', 'his'), letter('c', 'bob', 'gone')])
await store(
  engine,
  [file('his')].map(each => ({ ...each, data: 'JVBERi0x' })),
)
await engine('/Binary/gone', { method: 'DELETE' })

// Every question what refers to a Binary hashes its name: how often that is done tells how often it is asked.
await s.pool.query(`
  create sequence asked;
  alter function index_key(text) rename to index_key_itself;
  create function index_key(value text) returns bigint language plpgsql immutable strict as $$
    begin
      perform nextval('asked');
      return index_key_itself(value);
    end $$;
  select nextval('asked')`)
const asked = async () =>
  Number((await s.pool.query<{ last_value: string }>('select last_value from asked')).rows[0]?.last_value)

for (const [who, scope] of [
  ['her app', 'patient/*.rs'],
  ['an app for all whom she reaches', 'user/*.rs'],
  ['an app of both', 'patient/*.rs user/*.rs'],
] as const)
  t.test(`${who}: as much is asked of a Binary that is not hers as of one that is not there`, async t => {
    verifies('fhir-rest', 'REST-111')
    const alice = client(s, await patientToken(s, 'alice', scope))
    const cost = async (path: string): Promise<[Reply, number]> => {
      const before = await asked()
      const reply = await alice(path)
      return [reply, (await asked()) - before]
    }
    for (const way of ['', '/_history/1', '/_history/2', '/_history']) {
      const [none, usual] = await cost(`/Binary/none${way}`)
      t.equal(none.status, 404)
      t.ok(usual > 0, 'it is asked for what is not there')
      for (const id of ['his', 'gone']) {
        const [reply, much] = await cost(`/Binary/${id}${way}`)
        t.equal(reply.status, 404, `${id}${way}`)
        t.equal(much, usual, `${id}${way}`)
      }
    }
    t.equal((await alice('/Binary/hers')).status, 200)
  })
