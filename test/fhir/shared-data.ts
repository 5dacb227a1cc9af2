import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parseJson } from '../../src/fhir/json.ts'
import type { Json } from '../../src/fhir/types.ts'

/** The example data that lies beside the repository; tests that read it are skipped where it is not. */
const folder = new URL('../../../shared/data/', import.meta.url)

export const missing = existsSync(folder) ? false : 'the shared example data is not here'

export const sharedFile = (path: string): URL => new URL(path, folder)

/** Every resource in the JSON files of a folder, those of Bundles one by one, with the name of its file. */
export function* sharedResources(path: string): Generator<{ file: string; resource: Json }> {
  for (const file of readdirSync(sharedFile(`${path}/`)).filter(name => name.endsWith('.json'))) {
    const { value } = parseJson(readFileSync(sharedFile(`${path}/${file}`), 'utf8'))
    const { resourceType, entry } = value as { resourceType?: string; entry?: { resource?: Json }[] }
    if (resourceType === undefined) continue
    const resources = resourceType === 'Bundle' ? (entry ?? []).map(one => one.resource) : [value as Json]
    for (const resource of resources) if (resource) yield { file: `${path}/${file}`, resource }
  }
}
