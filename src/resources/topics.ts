import type { Topic } from './definition.ts'

/** The topics in a patient's words, in the order of a page; `{your}` stands for the patient. */
export const TOPICS: Readonly<Record<Topic, string>> = {
  appointments: '{your} appointments',
  results: '{your} test results',
  letters: '{your} letters and documents',
  messages: '{your} messages with the care team',
  record: 'the rest of {your} record, such as conditions, medicines, allergies and vaccinations',
  shared: '{your} name and contact details, and the people and places of {your} care',
}

/** A phrase of a declaration about one person: about the reader without a name. */
export const inWords = (phrase: string, name?: string): string =>
  phrase.replaceAll('{your}', name === undefined ? 'your' : `${name}’s`).replaceAll('{you}', name ?? 'you')
