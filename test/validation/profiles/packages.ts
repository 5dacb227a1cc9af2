import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import type { ModeSetting } from '../../../src/validation/profiles/modes.ts'
import { loadProfiles, type Profiles } from '../../../src/validation/profiles/profiles.ts'

/** Where the definitions of the tests are said to be. */
export const BASE = 'http://example.org'
export const canonical = (name: string): string => `${BASE}/StructureDefinition/${name}`

type Element = Json & { id: string }

/** A profile of our own: of a type of R4, or of another profile by its canonical. */
export function profile(name: string, of: string, elements: readonly Element[], more: Json = {}): Json {
  const type = String(more.type ?? of)
  return {
    resourceType: 'StructureDefinition',
    url: canonical(name),
    version: '1.0.0',
    name,
    status: 'active',
    kind: 'resource',
    abstract: false,
    baseDefinition: of.includes(':') ? of : `http://hl7.org/fhir/StructureDefinition/${of}`,
    derivation: 'constraint',
    differential: {
      element: elements.map(element => ({ path: element.id.replaceAll(/:[^.]*/g, ''), ...element })),
    },
    ...more,
    type,
  }
}

export function valueSet(name: string, include: readonly Json[], more: Json = {}): Json {
  const url = `${BASE}/ValueSet/${name}`
  return { resourceType: 'ValueSet', url, status: 'active', compose: { include, ...more } }
}

/** A folder that is gone when the test ends. */
export function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'portico-profiles-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A folder with definitions, each in a file of its own. */
export function packageOf(t: Test, definitions: readonly Json[]): string {
  const path = folder(t)
  definitions.forEach((definition, index) => {
    const file = join(path, 'package', `${String(definition.resourceType)}-${index}.json`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(definition))
  })
  return path
}

/** The profiles of some definitions, loaded as the server does. */
export const loaded = (t: Test, definitions: readonly Json[], modes: readonly ModeSetting[] = []): Promise<Profiles> =>
  loadProfiles([packageOf(t, definitions)], modes)

/** Where a resource does not keep a profile: the expressions of its errors, in their order. */
export function faults(profiles: Profiles, resource: Json, name: string): string[] {
  const url = name.includes(':') ? name : canonical(name)
  if (!profiles.has(url, String(resource.resourceType))) throw new Error(`${url} is not loaded`)
  return profiles
    .check(resource, { modes: [], asked: [url] })
    .flatMap(({ issues }) => issues)
    .filter(({ severity }) => severity === 'error')
    .map(({ expression = '' }) => expression)
}

/** What could not be checked. */
export const unchecked = (profiles: Profiles, resource: Json, name: string): string[] =>
  profiles
    .check(resource, { modes: [], asked: [canonical(name)] })
    .flatMap(found => [...found.unchecked, ...found.questions.map(({ valueSet, why }) => `${valueSet}, ${why}`)])

type TarEntry = { name: string; text: string; kind?: string }

function tarHeader({ name, text, kind = '0' }: TarEntry): Buffer {
  const header = Buffer.alloc(512)
  header.write(name.slice(0, 100), 0)
  header.write(`${Buffer.byteLength(text).toString(8).padStart(11, '0')} `, 124)
  header.write(kind, 156)
  header.write('ustar\0', 257)
  return header
}

/** A .tgz with some files. */
export function tgz(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(entry => {
    const data = Buffer.from(entry.text)
    return [tarHeader(entry), data, Buffer.alloc((512 - (data.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]))
}
