import { definitions } from '../resources/index.ts'
import { waysTo } from './interactions.ts'
import { OPERATION_WAYS } from './operations/ways.ts'
import { shapeOf, staticsOf } from './path-shape.ts'
import { SYSTEM_WAYS } from './system.ts'
import type { Parts, Way } from './way.ts'

/** Every way in but that of a Bundle itself. */
export const WAYS: readonly Way[] = [...[...definitions.values()].flatMap(waysTo), ...SYSTEM_WAYS, ...OPERATION_WAYS]

/** The ways that share a path. */
export type Place = { readonly url: string; readonly ways: readonly Way[] }

const byUrl = new Map<string, Way[]>()
for (const way of WAYS) byUrl.set(way.url, [...(byUrl.get(way.url) ?? []), way])

/** The paths that are served, those with more fixed parts first: of several that fit, the first one is meant. */
export const PLACES: readonly Place[] = [...byUrl]
  .map(([url, ways]) => ({ url, ways }))
  .sort((a, b) => staticsOf(b.url) - staticsOf(a.url))

const firstOf = (url: string): string => url.split('/')[1] ?? ''

const shapes = new Map<string, (Place & { readonly shape: RegExp })[]>()
for (const place of PLACES) {
  const first = firstOf(place.url)
  shapes.set(first, [...(shapes.get(first) ?? []), { ...place, shape: shapeOf(place.url) }])
}

/** What is served at a path below the base, which begins with a slash, by whatever method. */
export function waysAt(path: string): { readonly ways: readonly Way[]; readonly parts: Parts } {
  for (const { shape, ways } of shapes.get(firstOf(path)) ?? []) {
    const match = shape.exec(path)
    if (match) return { ways, parts: { ...match.groups } }
  }
  return { ways: [], parts: {} }
}
