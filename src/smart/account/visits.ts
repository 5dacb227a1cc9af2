import { definitionOf } from '../../resources/index.ts'
import { inWords } from '../../resources/topics.ts'
import type { RecordAccess } from '../../store/record-access.ts'
import { labelOf } from '../scope-words.ts'
import { dayOf, timeOf } from '../times.ts'

/** Who looked, and with what, in words. */
export type Names = {
  readonly people: ReadonlyMap<string, string>
  readonly clients: ReadonlyMap<string, string>
  /** The person who looks at the page now. */
  readonly reader: string
  /** Whose record it is, if it is not the reader's own. */
  readonly whose: string | undefined
}

/** The visits of one day. */
export type Day = { readonly day: string; readonly visits: Visit[] }

/** What one person or system did within an hour, as the page shows it. */
export type Visit = {
  readonly time: string
  readonly who: string
  readonly looked: readonly string[]
  readonly changed: readonly string[]
}

const whoOf = ({ actor, person, client }: RecordAccess, { people, clients, reader, whose }: Names): string => {
  const app = `“${clients.get(client) ?? client}”`
  if (actor === 'engine') return `The hospital’s system ${app}`
  if (person === reader) return `You, with the app ${app}`
  const name = people.get(person) ?? 'Somebody whose account is closed'
  return actor === 'proxy'
    ? `${name}, who acts for ${whose ?? 'you'}, with the app ${app}`
    : `${name}, with the app ${app}`
}

const firstOf = (accesses: readonly RecordAccess[]) => new Date(Math.min(...accesses.map(each => each.first.getTime())))
const lastOf = (accesses: readonly RecordAccess[]) => new Date(Math.max(...accesses.map(each => each.last.getTime())))

const timesOf = (accesses: readonly RecordAccess[]): string => {
  const [first, last] = [timeOf(firstOf(accesses)), timeOf(lastOf(accesses))]
  return first === last ? first : `${first} to ${last}`
}

function kindsOf(accesses: readonly RecordAccess[], act: RecordAccess['act'], whose: string | undefined): string[] {
  const counts = new Map<string, number>()
  for (const { type, items, act: done } of accesses) if (done === act) counts.set(type, (counts.get(type) ?? 0) + items)
  const label = (type: string) => labelOf(inWords(definitionOf(type)?.words ?? type, whose), whose)
  return [...counts].map(([type, count]) => `${label(type)}: ${count}`).sort()
}

/** Accesses, which come by the hour and by kind, as visits: all that one did within an hour, by day, the latest first. */
export function visitsOf(accesses: readonly RecordAccess[], names: Names): Day[] {
  const groups = new Map<string, RecordAccess[]>()
  for (const access of accesses) {
    const { hour, actor, person, client } = access
    const key = JSON.stringify([hour, actor, person, client])
    groups.set(key, [...(groups.get(key) ?? []), access])
  }
  const days: Day[] = []
  for (const group of [...groups.values()].sort((a, b) => lastOf(b).getTime() - lastOf(a).getTime())) {
    const [first] = group
    if (!first) continue
    const looked = kindsOf(group, 'looked', names.whose)
    const changed = kindsOf(group, 'changed', names.whose)
    const visit = { time: timesOf(group), who: whoOf(first, names), looked, changed }
    const day = dayOf(firstOf(group))
    const known = days.find(each => each.day === day)
    if (known) known.visits.push(visit)
    else days.push({ day, visits: [visit] })
  }
  return days
}

/** The accesses of one page: whole hours, as many as make up a page, and where the next page begins. */
export function pageOf(
  accesses: readonly RecordAccess[],
  isAll: boolean,
  most: number,
): { shown: RecordAccess[]; next: string | undefined } {
  const hours = [...new Set(accesses.map(each => each.hour))]
  // What was cut off at the end may be a part of its hour.
  const whole = isAll || hours.length === 1 ? hours : hours.slice(0, -1)
  const kept: string[] = []
  const visits = new Set<string>()
  for (const hour of whole) {
    if (visits.size >= most) break
    kept.push(hour)
    for (const each of accesses.filter(access => access.hour === hour))
      visits.add(JSON.stringify([hour, each.actor, each.person, each.client]))
  }
  const isLast = isAll && kept.length === hours.length
  return { shown: accesses.filter(each => kept.includes(each.hour)), next: isLast ? undefined : kept.at(-1) }
}
