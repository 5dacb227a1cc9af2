import { readdirSync } from 'node:fs'
import { searchParametersOf } from '../fhir/model.ts'
import type { ResourceType } from '../fhir/types.ts'
import type { Definition } from './definition.ts'

const kebab = (type: string) => type.replace(/(?<!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()

/** A declaration that contradicts itself must stop the boot, not a patient's request. */
function check(file: string, definition: Definition): void {
  const { type, compartment, search } = definition
  if (kebab(type) !== file) throw new Error(`src/resources/${file} declares ${type}; it belongs in ${kebab(type)}`)
  if (Array.isArray(compartment))
    for (const param of compartment)
      if (search[param]?.stored !== 'patient')
        throw new Error(`${type}.compartment names ${param}, which is not declared as reference('patient')`)
  if (definition.follows !== undefined && search[definition.follows]?.stored !== 'keys')
    throw new Error(`${type}.follows names ${definition.follows}, which is not declared as reference()`)
  if (definition.releasedWith && search.identifier?.stored !== 'keys')
    throw new Error(`${type} is released with another type, and needs identifier declared as token('keys')`)
  for (const param of definition.combinations?.flat() ?? [])
    if (!search[param]) throw new Error(`${type}.combinations names ${param}, which is not declared`)
  for (const param of Object.keys(definition.kinds ?? {}))
    if (!search[param]) throw new Error(`${type}.kinds names ${param}, which is not declared`)
  const mains = Object.keys(search).filter(name => search[name]?.stored === 'main')
  if (mains.length > 1) throw new Error(`${type} has more than one main date: ${mains.join(', ')}`)
  for (const [name, { type: declared }] of Object.entries(search))
    if (searchParametersOf(type).get(name)?.type !== declared)
      throw new Error(`${type}.${name} is declared as a ${declared} parameter; the standard has none of that type`)
  for (const [name, { of }] of Object.entries(search))
    for (const part of of ?? [])
      if (!search[part]) throw new Error(`${type}.${name} is made of ${part}, which is not declared`)
}

async function load(): Promise<ReadonlyMap<string, Definition>> {
  const files = readdirSync(new URL('.', import.meta.url)).filter(name => /^[a-z-]+\.[jt]s$/.test(name))
  const found = new Map<string, Definition>()
  for (const file of files.sort()) {
    if (/^(index|definition)\./.test(file)) continue
    const module: { default?: Definition } = await import(new URL(file, import.meta.url).href)
    if (!module.default) continue
    check(file.replace(/\.[jt]s$/, ''), module.default)
    found.set(module.default.type, module.default)
  }
  return found
}

/** Every type that is served, by name, in alphabetical order: one declaration per file of this folder. */
export const definitions: ReadonlyMap<string, Definition> = await load()

/** The declaration of a type, or nothing when it is not served. */
export const definitionOf = (type: string): Definition | undefined => definitions.get(type)

/** The names of the types that are served. */
export const servedTypes = [...definitions.keys()] as readonly ResourceType[]

/** The parameter of a type whose dates its `date_lo` and `date_hi` columns hold. */
export const mainDateOf = (definition: Definition): string | undefined =>
  Object.keys(definition.search).find(name => definition.search[name]?.stored === 'main')
