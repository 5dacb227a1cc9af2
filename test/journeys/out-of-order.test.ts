import t from 'tap'
import { NHS_NUMBER } from '../../src/fhir/nhs-number.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'

const NHS = 'https://fhir.nhs.uk/Id/nhs-number'

const appointment = (id: string, nhsNumber: string) => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: '2026-12-01T09:00:00Z',
  end: '2026-12-01T09:30:00Z',
  participant: [
    {
      actor: { type: 'Patient', identifier: { system: NHS, value: nhsNumber }, display: 'Somebody' },
      status: 'accepted',
    },
  ],
})

const patient = (id: string, nhsNumber: string) => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: NHS, value: nhsNumber }],
})

t.test('what arrives before its patient is hers as soon as she arrives', async t => {
  const { baseUrl, pool } = await server(t)
  const engine = await engineToken({ baseUrl, pool })
  const alice = await patientToken({ baseUrl, pool }, 'alice')
  const call = (token: string, path: string, body?: { resourceType: string; id: string }) =>
    fetch(`${baseUrl}/fhir/${path}`, {
      method: body ? 'PUT' : 'GET',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const put = (body: { resourceType: string; id: string }) => call(engine, `${body.resourceType}/${body.id}`, body)

  t.equal((await put(appointment('a1', '9990000018'))).status, 201)
  t.equal((await put(appointment('a2', '9990000026'))).status, 201)
  t.equal((await call(alice, 'Appointment/a1')).status, 404, 'it is nobody’s yet')

  t.equal((await put(patient('alice', '9990000018'))).status, 201)
  const found = await call(alice, 'Appointment/a1')
  t.equal(found.status, 200)
  t.equal(found.headers.get('etag'), 'W/"2"')
  t.match(await found.json(), {
    participant: [{ actor: { reference: 'Patient/alice', identifier: { value: '9990000018' }, display: 'Somebody' } }],
  })
  t.equal((await call(alice, 'Appointment/a2')).status, 404, 'what names somebody else stays out of her record')

  t.equal((await put(appointment('a1', '9990000018'))).status, 200)
  t.equal((await call(engine, 'Appointment/a1')).headers.get('etag'), 'W/"2"', 'the same again makes no new version')
})

t.test('a patient and what names her, sent at the same time, find each other', async t => {
  const { baseUrl, pool } = await server(t)
  const engine = await engineToken({ baseUrl, pool })
  const put = async (body: { resourceType: string; id: string }) => {
    const response = await fetch(`${baseUrl}/fhir/${body.resourceType}/${body.id}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${engine}`, 'content-type': 'application/fhir+json' },
      body: JSON.stringify(body),
    })
    return response.status
  }
  const numbers = Array.from({ length: 300 }, (_, index) => String(9_991_111_000 + index))
    .filter(number => NHS_NUMBER.fault(number) === undefined)
    .slice(0, 20)
  t.equal(numbers.length, 20)
  const statuses = await Promise.all(
    numbers.flatMap((number, index) => [put(appointment(`a${index}`, number)), put(patient(`p${index}`, number))]),
  )
  t.ok(statuses.every(status => status === 201))
  const { rows } = await pool.query<{ id: string; patient: string }>('select id, patient from appointment')
  for (const { id, patient } of rows) t.equal(patient, id.replace('a', 'p'))
})
