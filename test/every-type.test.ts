// Does what the CapabilityStatement of a running server claims of every type; test/unclaimed.test.ts does what it does not.
import t from 'tap'
import { claimsOf, does, idOf } from './support/claims.ts'
import { namesOf } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { server } from './support/server.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t)
const { engine, eachType, create, put } = await claimsOf(s)
const LONG_AGO = 'Sun, 01 Jan 2023 00:00:00 GMT'
const SOON = 'Sun, 01 Jan 2040 00:00:00 GMT'

t.test('every type that claims create makes a new resource, and says where it is', async t => {
  verifies('fhir-rest', 'REST-20')
  const check = async (type: string) => {
    const reply = await create(type)
    const url = `${s.baseUrl}/fhir/${type}/${idOf(reply)}/_history/1`
    return {
      status: reply.status === 201 || reply.status,
      location: reply.headers.location === url || reply.headers.location,
      etag: reply.headers.etag === 'W/"1"',
      modified: !Number.isNaN(Date.parse(reply.headers['last-modified'] ?? '')),
      id: idOf(reply) !== 'ignored',
      another: idOf(await create(type)) !== idOf(reply),
    }
  }
  await eachType(t, does('create'), check)
})

t.test('every type that claims read, vread or conditional read answers with the version', async t => {
  verifies('fhir-rest', 'REST-16', 'REST-17', 'REST-19')
  const read = async (type: string) => {
    const made = await create(type)
    const path = `/${type}/${idOf(made)}`
    const [found, head] = [await engine(path), await engine(path, { method: 'HEAD' })]
    return {
      status: found.status === 200,
      body: found.text === made.text,
      etag: found.headers.etag === 'W/"1"',
      head:
        head.status === 200 && head.text === '' && head.headers['content-length'] === found.headers['content-length'],
      absent: (await engine(`/${type}/absent`)).status === 404,
    }
  }
  await eachType(t, does('read'), read)
  const vread = async (type: string) => {
    const made = await create(type)
    const path = `/${type}/${idOf(made)}/_history`
    return {
      first: (await engine(`${path}/1`)).text === made.text,
      second: (await engine(`${path}/2`)).status === 404,
    }
  }
  await eachType(t, does('vread'), vread)
  const conditional = async (type: string) => {
    const path = `/${type}/${idOf(await create(type))}`
    const status = async (headers: Record<string, string>) => (await engine(path, { headers })).status
    return {
      known: (await status({ 'if-none-match': 'W/"1"' })) === 304,
      other: (await status({ 'if-none-match': 'W/"2"' })) === 200,
      since: (await status({ 'if-modified-since': SOON })) === 304,
      changed: (await status({ 'if-modified-since': LONG_AGO })) === 200,
    }
  }
  await eachType(t, ({ conditionalRead }) => conditionalRead === 'full-support', conditional)
})

t.test('every type that claims update makes a new version, and a new resource where that is claimed', async t => {
  verifies('fhir-rest', 'REST-26')
  const update = async (type: string) => {
    const id = idOf(await create(type))
    const reply = await put(type, id, { language: 'cy' }, { 'if-match': 'W/"1"' })
    return {
      status: reply.status === 200 || reply.text,
      etag: reply.headers.etag === 'W/"2"',
      read: (await engine(`/${type}/${id}`)).json.language === 'cy',
      old: (await put(type, id, { language: 'fr' }, { 'if-match': 'W/"1"' })).status === 412,
    }
  }
  await eachType(t, does('update'), update)
  const byId = async (type: string) => ({
    made: (await put(type, 'by-the-client')).status === 201,
    again: (await put(type, 'by-the-client', { language: 'cy' })).status === 200,
  })
  await eachType(t, ({ updateCreate }) => updateCreate, byId)
})

t.test('every type that claims history shows its versions, the newest first', async t => {
  verifies('fhir-rest', 'REST-37')
  const check = async (type: string) => {
    await put(type, 'with-a-past')
    await put(type, 'with-a-past', { language: 'cy' })
    const { json, status } = await engine(`/${type}/with-a-past/_history`)
    const versions = (json.entry as { resource: { meta: { versionId: string } } }[]).map(
      each => each.resource.meta.versionId,
    )
    return { status: status === 200, type: json.type === 'history', versions: String(versions) === '2,1' || versions }
  }
  await eachType(t, does('history-instance'), check)
})

t.test('every type that claims delete deletes, and says gone after it', async t => {
  verifies('fhir-rest', 'REST-18', 'REST-35')
  const check = async (type: string) => {
    const path = `/${type}/${idOf(await create(type))}`
    const reply = await engine(path, { method: 'DELETE' })
    return {
      status: reply.status === 204 && reply.text === '',
      read: (await engine(path)).status === 410,
      vread: (await engine(`${path}/_history/2`)).status === 410,
      before: (await engine(`${path}/_history/1`)).status === 200,
      search: namesOf(await engine(`/${type}?_id=${path.split('/')[2]}`)).length === 0,
      again: (await engine(path, { method: 'DELETE' })).status === 204,
      back: (await put(type, path.split('/')[2] ?? '')).status === 201,
    }
  }
  await eachType(t, does('delete'), check)
})

t.test('every type that claims search finds by GET and by POST', async t => {
  verifies('fhir-rest', 'REST-60', 'REST-61')
  const check = async (type: string) => {
    const id = idOf(await create(type))
    const form = new URLSearchParams([['_id', id]])
    const [get, post] = [
      await engine(`/${type}?_id=${id}`),
      await engine(`/${type}/_search`, { method: 'POST', body: form }),
    ]
    const recent = await engine(`/${type}?_id=${id}&_lastUpdated=gt2020-01-01`)
    const old = await engine(`/${type}?_id=${id}&_lastUpdated=lt2020-01-01`)
    return {
      get: String(namesOf(get)) === `${type}/${id}`,
      post: String(namesOf(post)) === `${type}/${id}`,
      recent: namesOf(recent).length === 1,
      old: namesOf(old).length === 0,
    }
  }
  await eachType(t, does('search-type'), check)
})

t.test('every type that claims conditional create or update tells one from none and from several', async t => {
  verifies('fhir-rest', 'REST-23', 'REST-29')
  const createIf = async (type: string) => {
    const id = idOf(await create(type))
    const other = idOf(await create(type))
    const send = async (query: string) =>
      (await engine(`/${type}`, { method: 'POST', body: minimal(type), headers: { 'if-none-exist': query } })).status
    return {
      one: (await send(`_id=${id}`)) === 200,
      none: (await send('_id=nobody')) === 201,
      several: (await send(`_id=${id},${other}`)) === 412,
    }
  }
  await eachType(t, ({ conditionalCreate }) => conditionalCreate, createIf)
  const updateIf = async (type: string) => {
    const id = idOf(await create(type))
    const other = idOf(await create(type))
    const send = async (query: string) =>
      (await engine(`/${type}?${query}`, { method: 'PUT', body: { ...minimal(type), language: 'cy' } })).status
    return {
      one: (await send(`_id=${id}`)) === 200 && (await engine(`/${type}/${id}`)).json.language === 'cy',
      none: (await send('_id=nobody')) === 201,
      several: (await send(`_id=${id},${other}`)) === 412,
    }
  }
  await eachType(t, ({ conditionalUpdate }) => conditionalUpdate, updateIf)
})
