import t from 'tap'
import { pageOf, visitsOf } from '../../../src/smart/account/visits.ts'
import type { RecordAccess } from '../../../src/store/record-access.ts'

const names = {
  people: new Map([
    ['alice', 'Alice Archer'],
    ['bob', 'Bob Archer'],
  ]),
  clients: new Map([
    ['app', 'Demo app'],
    ['engine', 'Engine'],
  ]),
  reader: 'alice',
  whose: undefined,
}
const at = (time: string) => new Date(`2026-03-02T${time}:00Z`)
const access = (changes: Partial<RecordAccess> = {}): RecordAccess => ({
  hour: '2026-03-02T10:00:00.000Z',
  actor: 'patient',
  person: 'alice',
  client: 'app',
  act: 'looked',
  type: 'Observation',
  items: 3,
  first: at('10:05'),
  last: at('10:05'),
  ...changes,
})

t.test('what one did within an hour is one visit', async t => {
  const visits = visitsOf(
    [
      access(),
      access({ type: 'Appointment', items: 2, last: at('10:40') }),
      access({ type: 'Observation', items: 1, act: 'changed' }),
    ],
    names,
  )
  t.equal(visits[0]?.day, '2 March 2026')
  t.same(visits[0]?.visits, [
    {
      time: '10:05am to 10:40am',
      who: 'You, with the app “Demo app”',
      looked: ['Your appointments: 2', 'Your test results and measurements: 3'],
      changed: ['Your test results and measurements: 1'],
    },
  ])
})

t.test('who it was is said as the reader knows them', async t => {
  const who = (changes: Partial<RecordAccess>, more = {}) =>
    visitsOf([access(changes)], { ...names, ...more })[0]?.visits[0]?.who
  t.equal(who({ actor: 'engine', person: 'engine', client: 'engine' }), 'The hospital’s system “Engine”')
  t.equal(who({ actor: 'proxy', person: 'bob' }), 'Bob Archer, who acts for you, with the app “Demo app”')
  const byBob = { reader: 'bob', whose: 'Alice Archer' }
  t.equal(who({ actor: 'proxy', person: 'bob' }, byBob), 'You, with the app “Demo app”')
  t.equal(who({}, byBob), 'Alice Archer, with the app “Demo app”')
  t.equal(
    who({ actor: 'proxy', person: 'gone', client: 'unknown' }),
    'Somebody whose account is closed, who acts for you, with the app “unknown”',
  )
  t.match(visitsOf([access()], { ...names, ...byBob })[0]?.visits[0]?.looked, [
    'Alice Archer’s test results and measurements: 3',
  ])
})

t.test('the latest visit comes first', async t => {
  const visits = visitsOf(
    [access(), access({ actor: 'proxy', person: 'bob', first: at('10:30'), last: at('10:30') })],
    names,
  )
  t.match(visits, [{ visits: [{ who: /^Bob/ }, { who: /^You/ }] }])
  const before = { hour: '2026-03-01T10:00:00.000Z', first: new Date('2026-03-01T10:00:00Z') }
  const days = visitsOf([access({ ...before, last: before.first }), access()], names)
  t.match(days, [{ day: '2 March 2026' }, { day: '1 March 2026' }])
})

t.test('a page is whole hours', async t => {
  const hours = ['13', '12', '11', '10'].map(hour => `2026-03-02T${hour}:00:00.000Z`)
  const all = hours.flatMap(hour => [access({ hour }), access({ hour, type: 'Goal' })])
  t.match(pageOf(all, true, 20), { shown: { length: 8 }, next: undefined })
  t.match(pageOf(all, true, 3), { shown: { length: 6 }, next: hours[2] })
  t.match(pageOf(all, false, 20), { shown: { length: 6 }, next: hours[2] }, 'what may be a part of an hour waits')
  t.match(pageOf(all.slice(0, 2), false, 20), { shown: { length: 2 }, next: hours[0] })
  t.same(pageOf([], true, 20), { shown: [], next: undefined })
})
