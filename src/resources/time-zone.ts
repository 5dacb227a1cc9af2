/** The zone by whose clocks the trust works: its working days, and its days without a time, are those of London. */
export const TIME_ZONE = 'Europe/London'

const clock = new Intl.DateTimeFormat('en-CA', {
  timeZone: TIME_ZONE,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
})

/** The day, the hour and the minute that the trust's clocks show. */
export function localTime(at: Date): { day: string; hour: number; minute: number } {
  const parts = Object.fromEntries(clock.formatToParts(at).map(part => [part.type, part.value]))
  return { day: `${parts.year}-${parts.month}-${parts.day}`, hour: Number(parts.hour), minute: Number(parts.minute) }
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/**
 * The moment, in milliseconds, at which a day begins by the trust's clocks, given that at which it begins in UTC: in summer an
 * hour earlier. There is always one: these clocks change after midnight.
 */
export function midnightOf(utc: number): number {
  const { hour, minute } = localTime(new Date(utc))
  const shown = (hour * 60 + minute) * MINUTE
  return utc - (shown < DAY / 2 ? shown : shown - DAY)
}
