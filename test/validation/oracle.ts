// FHIRPath as the standard writes its invariants, run by fhirpath.js: what the functions written by hand are compared with.
import { readFileSync } from 'node:fs'
import fhirpath, { type Model } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import { elementsOfType, isComplex, memberName } from '../../src/fhir/model.ts'
import type { Json } from '../../src/fhir/types.ts'

/** The error-severity invariants of R4, by the element that has them and their key. */
export const EXPRESSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(new URL('../../definitions/invariants.json', import.meta.url), 'utf8'),
)

type Evaluate = (node: Json, environment: Json) => unknown[]

const compiled = new Map<string, Evaluate>()

/** Whether FHIRPath finds that an element keeps a rule; nothing where it cannot say. */
export function decides(path: string, key: string, node: Json, resource: Json): boolean | undefined {
  const name = `${path} ${key}`
  const known = compiled.get(name)
  const expression = EXPRESSIONS[path]?.[key] ?? ''
  const evaluate =
    known ?? (fhirpath.compile({ base: path, expression }, r4 as Model, { traceFn: () => {} }) as unknown as Evaluate)
  compiled.set(name, evaluate)
  const [result] = evaluate(node, { resource, rootResource: resource, ucum: 'http://unitsofmeasure.org' })
  return typeof result === 'boolean' ? result : undefined
}

/** Every element of a resource that has invariants, with the path that they stand under. */
export function* ruledIn(value: unknown, type: string): Generator<{ path: string; node: Json }> {
  if (typeof value !== 'object' || value === null) return
  const node = value as Json
  if (EXPRESSIONS[type]) yield { path: type, node }
  for (const element of elementsOfType(type))
    for (const datatype of element.types) {
      const member = memberName(element.name, datatype)
      const items = Array.isArray(node[member]) ? (node[member] as unknown[]) : [node[member]]
      for (const item of items) {
        if (typeof item !== 'object' || item === null) continue
        const path = `${type}.${element.name}`
        if (EXPRESSIONS[path] && datatype !== path) yield { path, node: item as Json }
        if (isComplex(datatype)) yield* ruledIn(item, datatype)
      }
    }
}

const WORDS = ['a', 'b']
const DATES = ['2020', '2020-05', '2020-05-10', '2021-01-01']
const TIMES = ['2020-05-10T10:00:00Z', '2020-05-10T10:30:00+01:00', '2021-01-01T00:00:00Z', '2020-05-10T10:00:00.5Z']
const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false],
  integer: [1, 2],
  positiveInt: [1, 2],
  unsignedInt: [0, 2],
  decimal: [-1, 0, 1, 2.5],
  date: DATES,
  dateTime: [...DATES, ...TIMES],
  instant: TIMES,
  time: ['10:00:00'],
  uri: ['http://unitsofmeasure.org', 'urn:x'],
  code: ['1', 'a'],
}
const DEPTH = 3

/** Numbers from 0 to 1 that are the same each time: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** An object of a type with some of its elements, right or wrong by the invariants as chance has it. */
export function anyOf(type: string, random: () => number, depth = 0): Json {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const chosen = elementsOfType(type).filter(
    ({ name, types }) =>
      !['id', 'extension', 'modifierExtension', 'contained', 'text', 'meta'].includes(name) && types[0] !== 'Resource',
  )
  const members = chosen.flatMap((element): [string, unknown][] => {
    const { name, types, codes, bound, min, max } = element
    const datatype = pick(types)
    const nests = isComplex(datatype)
    if ((min === 0 && random() < 0.5) || (nests && depth >= DEPTH)) return []
    const value = (): unknown => {
      if (codes) return pick(Object.values(codes).flat())
      if (bound) return concept(bound, pick)
      return nests ? anyOf(datatype, random, depth + 1) : pick(SAMPLES[datatype] ?? WORDS)
    }
    return [
      [memberName(name, datatype), max > 1 ? Array.from({ length: 1 + Math.floor(random() * 3) }, value) : value()],
    ]
  })
  return members.length > 0 ? Object.fromEntries(members) : { extension: [{ url: 'urn:x', valueCode: 'x' }] }
}

function concept(bound: Readonly<Record<string, readonly string[]>>, pick: <T>(from: readonly T[]) => T): Json {
  const [system, codes] = pick(Object.entries(bound))
  return { coding: [{ system, code: pick(codes) }] }
}
