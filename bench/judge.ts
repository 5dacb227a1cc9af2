import { DELIVERY } from './data.ts'
import type { Request } from './requests.ts'

// What a right answer is. Each gives what the answer says, to be the same from every server, and throws when it is wrong.

type Resource = {
  readonly resourceType: string
  readonly id: string
  readonly meta?: { readonly lastUpdated?: string }
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] }
  readonly result?: readonly { readonly reference: string }[]
  readonly subject?: { readonly reference?: string }
  readonly identifier?: readonly { readonly value?: string }[]
  readonly effectiveDateTime?: string
}
type Entry = {
  readonly resource?: Resource
  readonly response?: { readonly status: string; readonly location: string }
}
type Answer = { readonly id?: string; readonly entry?: readonly Entry[] }

const parse = (body: string): Answer => JSON.parse(body) as Answer

const resourcesIn = (body: string): Resource[] => parse(body).entry?.flatMap(({ resource }) => resource ?? []) ?? []

const idsOf = (resources: readonly Resource[]): string => resources.map(({ id }) => id).join(' ')

function check(isRight: boolean, words: string): void {
  if (!isRight) throw new Error(words)
}

/** A list of so many. */
export const list =
  (expected: number) =>
  (body: string): string => {
    const found = resourcesIn(body)
    check(found.length === expected, `${found.length} entries instead of ${expected}`)
    return idsOf(found)
  }

/** A list of at most so many. */
export const upTo =
  (most: number) =>
  (body: string): string => {
    const found = resourcesIn(body)
    check(found.length <= most, `${found.length} entries instead of at most ${most}`)
    return idsOf(found)
  }

export function read(body: string, { path }: Request): string {
  const { id } = parse(body)
  check(id !== undefined && path.endsWith(`/${id}`), `${id} came for ${path}`)
  return id ?? ''
}

/** The results of one test from a day on, newest first. */
export function test(body: string, { path }: Request): string {
  const found = resourcesIn(body)
  const from = /date=ge(\d+)/.exec(path)?.[1] ?? ''
  const dates = found.map(({ effectiveDateTime = '' }) => effectiveDateTime)
  const isOfTest = ({ code }: Resource): boolean => code?.coding?.some(each => path.includes(`|${each.code}&`)) ?? false
  check(found.every(isOfTest), 'a result of another test')
  check(
    dates.every((date, index) => date >= from && date <= (dates[index - 1] ?? '9')),
    `not in order: ${dates}`,
  )
  return idsOf(found)
}

/** So many reports, and behind them each of their results once. */
export const reports =
  (expected: number) =>
  (body: string): string => {
    const found = resourcesIn(body)
    const [shown, others] = [found.slice(0, expected), found.slice(expected)]
    check(shown.every(({ result }) => result !== undefined) && shown.length === expected, `not ${expected} reports`)
    const named = new Set(shown.flatMap(({ result = [] }) => result.map(({ reference }) => reference)))
    const brought = others.map(({ resourceType, id }) => `${resourceType}/${id}`)
    check(
      brought.length === named.size && brought.every(each => named.has(each)),
      `${brought.length} results instead of ${named.size}`,
    )
    return `${idsOf(shown)} ${brought.sort()}`
  }

/** The one Patient who has the identifier. */
export function identified(body: string, { path }: Request): string {
  const [found, ...others] = resourcesIn(body)
  const value = found?.identifier?.[0]?.value
  check(others.length === 0 && value !== undefined && path.endsWith(`|${value}`), `${value} came for ${path}`)
  return found?.id ?? ''
}

/** A page of what has changed, in the order of its time. */
export function changes(body: string): string {
  const found = resourcesIn(body)
  const times = found.map(({ meta }) => Date.parse(meta?.lastUpdated ?? ''))
  check(found.length === 200, `${found.length} entries instead of 200`)
  check(
    times.every((time, index) => time >= (times[index - 1] ?? 0)),
    'not in the order of time',
  )
  return idsOf(found)
}

const SHARED = new Set(['Organization', 'Practitioner', 'Location'])

/** A whole record of so many resources, and the shared ones that it refers to; the order is free. */
export const record =
  (size: number) =>
  (body: string): string => {
    const found = resourcesIn(body).map(({ resourceType, id }) => `${resourceType}/${id}`)
    const own = found.filter(each => !SHARED.has(each.split('/')[0] ?? ''))
    check(own.length === size, `${own.length} resources instead of ${size}`)
    check(new Set(found).size === found.length, 'a resource comes twice')
    return found.sort().join(' ')
  }

export function delivery(body: string): string {
  const entries = parse(body).entry ?? []
  const created = entries.filter(({ response }) => response?.status === '201 Created' && response.location)
  check(created.length === DELIVERY, `${created.length} of ${DELIVERY} were created`)
  return `${created.length} created`
}
