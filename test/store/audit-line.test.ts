import t from 'tap'
import { grantOf } from '../../src/access/grant.ts'
import { closed, lineOf } from '../../src/store/audit.ts'
import { readLine } from '../../src/store/audit-line.ts'

const line = (interaction: string, what: string, outcome: object, patient: string | null = 'alice'): string =>
  JSON.stringify(['2026-03-02T10:00:00.000Z', 'r-1', interaction, what, 'patient', 'alice', 'app', patient, outcome])
const itemsOf = (interaction: string, what: string, outcome: object) => readLine(line(interaction, what, outcome)).items

t.test('a line says who did what to which resources', async t => {
  t.same(readLine(line('read', 'Observation/1', { version: 3 })), {
    at: '2026-03-02T10:00:00.000Z',
    actor: 'patient',
    person: 'alice',
    client: 'app',
    patient: 'alice',
    isOnlyHers: true,
    act: 'looked',
    isUse: true,
    items: ['Observation/1'],
  })
  t.equal(readLine(line('read', 'Observation/1', { version: 3 }, null)).patient, undefined)
  t.same(itemsOf('vread', 'Observation/1/_history/2', { versions: [2] }), ['Observation/1'])
  t.same(itemsOf('history-instance', 'Patient/a/_history', { ids: ['Patient/a/_history/1'] }), ['Patient/a/_history/1'])
  t.same(itemsOf('search-type', 'Observation?code=x', { ids: ['Observation/1', 'Patient/a'] }), [
    'Observation/1',
    'Patient/a',
  ])
  t.same(itemsOf('create', 'Task/7', { status: 201, version: 1 }), ['Task/7'])
  t.equal(readLine(line('update', 'Task/7', { status: 200, version: 2 })).act, 'changed')
})

t.test('what was refused, not found or about an app is about no resource', async t => {
  t.same(itemsOf('read', 'Observation/1', { version: null }), [])
  t.same(itemsOf('vread', 'Observation/1/_history/2', { versions: [] }), [])
  t.same(itemsOf('read', 'Observation/1', { status: 403 }), [])
  t.same(itemsOf('delete', 'Observation/1', { status: 403 }), [])
  t.same(itemsOf('search-type', 'Observation?_summary=count', { count: 3 }), [])
  t.same(itemsOf('operation', 'Observation/1/$meta', {}), [])
  t.same(itemsOf('authorize', 'app/demo', { scope: 'patient/*.rs' }), [])
  t.equal(readLine(line('refresh', 'app/demo', { scope: 'patient/*.rs' })).isUse, false)
  t.equal(readLine(line('list-accesses', 'Patient/alice', {})).isUse, false)
})

t.test('a line says whether somebody could see the records of others too', async t => {
  const access = { requestId: 'r-1', interaction: 'read', what: 'Observation/1' }
  const written = (scope: string, patient?: string) =>
    readLine(
      closed(
        lineOf(
          {
            ...access,
            grant: grantOf({ sub: 'bob', client_id: 'app', scope, jti: 'j', exp: 1, ...(patient && { patient }) }),
          },
          new Date('2026-03-02T10:00:00Z'),
        ),
        { version: 3 },
      ),
    )
  t.match(written('patient/*.rs', 'alice'), { isOnlyHers: true, patient: 'alice', items: ['Observation/1'] })
  t.match(written('patient/*.rs user/*.rs', 'alice'), { isOnlyHers: false, patient: 'alice', items: ['Observation/1'] })
  t.match(written('user/*.rs'), { isOnlyHers: false, patient: undefined, items: ['Observation/1'] })
})
