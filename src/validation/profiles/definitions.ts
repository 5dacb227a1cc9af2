import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../../fhir/json.ts'
import type { Json } from '../../fhir/types.ts'
import { isObject } from '../run.ts'
import { filesInTgz } from './tar.ts'

/** The packages cannot be used; `problems` names all reasons at once. */
export class PackageError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The profiles cannot be loaded:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
    this.name = 'PackageError'
    this.problems = problems
  }
}

/** What FHIR packages define, by canonical url: https://hl7.org/fhir/R4/profiling.html */
export type Definitions = {
  readonly structures: ReadonlyMap<string, Json>
  readonly valueSets: ReadonlyMap<string, Json>
  readonly codeSystems: ReadonlyMap<string, Json>
}

type File = { readonly path: string; readonly bytes: Buffer }

/** Definitions nest no deeper than what they define, but expansions of code systems do. */
const DEPTH = 256

const isXml = (path: string): boolean => /^(?:StructureDefinition|ValueSet|CodeSystem)[^/]*\.xml$/.test(path)

/** The JSON files of a folder, with those below it, or of a .tgz. What lies in a package's examples defines nothing. */
function* filesOf(source: string, problems: string[]): Generator<File> {
  if (!statSync(source).isDirectory()) {
    for (const { name, data } of filesInTgz(readFileSync(source)))
      if (name.endsWith('.json')) yield { path: `${source}!${name}`, bytes: data }
    return
  }
  const names = readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()
  const xml = names.filter(name => isXml(name.split(/[\\/]/).at(-1) ?? '')).length
  const json = names.filter(name => name.endsWith('.json'))
  if (json.length === 0)
    problems.push(`${source} has no JSON files${xml > 0 ? ': definitions in XML have to be made JSON first' : ''}`)
  for (const name of json) {
    const path = join(source, name)
    yield { path, bytes: readFileSync(path) }
  }
}

const DEFINES = /"resourceType"\s*:\s*"(?:StructureDefinition|ValueSet|CodeSystem)"/

function definitionIn({ path, bytes }: File, problems: string[]): Json | undefined {
  const text = bytes.toString('utf8')
  // Packages hold examples and much else that defines nothing and need not be read.
  if (!DEFINES.test(text)) return undefined
  try {
    const { value } = parseJson(text, { depth: DEPTH })
    return isObject(value) && typeof value.url === 'string' ? value : undefined
  } catch (error) {
    problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

/**
 * Reads FHIR packages: folders or .tgz files of StructureDefinitions, ValueSets and CodeSystems as JSON.
 * @throws PackageError with everything that is wrong
 */
export function readDefinitions(sources: readonly string[]): Definitions {
  const problems: string[] = []
  const found = { StructureDefinition: new Map(), ValueSet: new Map(), CodeSystem: new Map() } as const
  const kinds: Readonly<Record<string, Map<string, Json>>> = found
  for (const source of sources) {
    try {
      for (const file of filesOf(source, problems)) {
        const definition = definitionIn(file, problems)
        const { resourceType, url } = definition ?? {}
        if (definition) kinds[String(resourceType)]?.set(String(url), definition)
      }
    } catch (error) {
      problems.push(`${source}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (problems.length > 0) throw new PackageError(problems)
  return { structures: found.StructureDefinition, valueSets: found.ValueSet, codeSystems: found.CodeSystem }
}
