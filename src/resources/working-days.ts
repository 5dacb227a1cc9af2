import { readFileSync } from 'node:fs'
import { localTime } from './time-zone.ts'

const file = new URL('../../definitions/england-public-holidays.json', import.meta.url)
const holidays = new Set<string>((JSON.parse(readFileSync(file, 'utf8')) as { dates: string[] }).dates)

const HOUR = 3_600_000
const OPENING_HOUR = 9

function isWorkingDay(day: string): boolean {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay()
  return weekday !== 0 && weekday !== 6 && !holidays.has(day)
}

/**
 * The opening (09:00 in London, summer or winter time) of the first working day in England after the day of `at`.
 * A result issued on a Friday is released on Monday at nine, unless Monday is a holiday.
 */
export function workingDayAfter(at: Date): Date {
  let noon = new Date(`${localTime(at).day}T12:00:00Z`)
  do noon = new Date(noon.getTime() + 24 * HOUR)
  while (!isWorkingDay(noon.toISOString().slice(0, 10)))
  const nine = new Date(`${noon.toISOString().slice(0, 10)}T09:00:00Z`)
  return new Date(nine.getTime() - (localTime(nine).hour - OPENING_HOUR) * HOUR)
}
