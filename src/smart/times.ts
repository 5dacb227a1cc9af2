import { TIME_ZONE as timeZone } from '../resources/time-zone.ts'

const clock = { hour: 'numeric', minute: '2-digit', hourCycle: 'h12' } as const
const calendar = { day: 'numeric', month: 'long', year: 'numeric' } as const

const formats = {
  both: new Intl.DateTimeFormat('en-GB', { timeZone, ...calendar, ...clock }),
  day: new Intl.DateTimeFormat('en-GB', { timeZone, ...calendar }),
  time: new Intl.DateTimeFormat('en-GB', { timeZone, ...clock }),
}

// "2:05pm" as the NHS writes it; at noon and midnight the format says 0.
const written = (text: string): string => text.replace(/\b0:/, '12:').replace(/\s(am|pm)/, '$1')

/** "22 November 2026 at 2:05pm", as a clock in London shows it. */
export const dayAndTimeOf = (at: Date): string => written(formats.both.format(at))

/** "22 November 2026", as a calendar in London shows it. */
export const dayOf = (at: Date): string => formats.day.format(at)

/** "2:05pm", as a clock in London shows it. */
export const timeOf = (at: Date): string => written(formats.time.format(at))
