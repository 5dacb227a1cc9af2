/** Days and times around the start of the demo, as the people of an English hospital say them. */
export type Calendar = {
  readonly now: Date
  /** A day in London, so many days from today: `2026-11-23`. */
  day(offset: number): string
  /** The same day of the calendar in an earlier year: the birthday of who was born so many years ago. */
  birthday(offset: number, years: number): string
  /** A time of such a day on London's clocks, with their offset: `2026-07-01T10:20:00+01:00`. */
  at(offset: number, time: string): string
  /** The same on a day when clinics are open: a weekend gives way to the Friday before, in the future to the Monday after. */
  clinic(offset: number, time: string): string
}

const DAY = 86_400_000

const londonDay = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' })
const londonZone = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', timeZoneName: 'longOffset' })

/** `GMT+01:00`, or only `GMT` in winter. */
function zoneAt(moment: Date): string {
  const name = londonZone.formatToParts(moment).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return /[+-]\d\d:\d\d/.exec(name)?.[0] ?? '+00:00'
}

/** The calendar of a demo that starts at this moment. */
export function calendarFrom(now: Date): Calendar {
  // Noon is the same day in London and in UTC, and no clock change ever comes near it.
  const noon = Date.parse(`${londonDay.format(now)}T12:00:00Z`)
  const day = (offset: number) => new Date(noon + offset * DAY).toISOString().slice(0, 10)
  const at = (offset: number, time: string) => {
    const local = `${day(offset)}T${time.length === 5 ? `${time}:00` : time}`
    return `${local}${zoneAt(new Date(`${local}Z`))}`
  }
  const weekday = (offset: number) => {
    const number = new Date(noon + offset * DAY).getUTCDay()
    if (offset < 0) return offset - (number === 6 ? 1 : number === 0 ? 2 : 0)
    return offset + (number === 6 ? 2 : number === 0 ? 1 : 0)
  }
  return {
    now,
    day,
    at,
    birthday: (offset, years) => `${Number(day(offset).slice(0, 4)) - years}${day(offset).slice(4)}`,
    clinic: (offset, time) => at(weekday(offset), time),
  }
}
