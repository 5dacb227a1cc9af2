// npm run generate: writes the files that are made from the source. With --check it only tells which are not up to date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { capabilityStatement } from '../src/handlers/metadata.ts'
import { endpoints } from '../src/smart/discovery.ts'
import { configurationPage, environmentExample } from './generate-configuration.ts'
import { errorsPage } from './generate-errors.ts'
import { resourcePages } from './generate-resources.ts'
import { mutantsPage } from './mutants/page.ts'
import { coveragePage, unproven } from './requirements/coverage.ts'

const EXAMPLE = { baseUrl: 'https://portico.example' }

/** What the server promises, as a reviewer sees it change. */
function capabilityText(): string {
  return `${JSON.stringify(capabilityStatement(`${EXAMPLE.baseUrl}/fhir`, endpoints(EXAMPLE)), undefined, 2)}\n`
}

/** Every generated file: its path in the project, and the function that makes its text. */
const FILES: Readonly<Record<string, () => string | Promise<string>>> = {
  '.env.example': environmentExample,
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
  'docs/mutants.md': mutantsPage,
  'docs/requirements/coverage.md': coveragePage,
  'capability-statement.json': capabilityText,
  ...resourcePages(),
}

const fileAt = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

function current(path: string): string | undefined {
  try {
    return readFileSync(fileAt(path), 'utf8')
  } catch {
    return undefined
  }
}

const stale: string[] = []
for (const [path, make] of Object.entries(FILES)) {
  const text = await make()
  if (text === current(path)) continue
  stale.push(path)
  if (process.argv.includes('--check')) continue
  mkdirSync(dirname(fileAt(path)), { recursive: true })
  writeFileSync(fileAt(path), text)
}
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    process.stderr.write(`Not up to date, run npm run generate: ${stale.join(', ')}\n`)
    process.exitCode = 1
  }
  const lacking = unproven()
  if (lacking.length > 0) {
    process.stderr.write(`Neither a test nor a reason for:\n${lacking.join('\n')}\n`)
    process.exitCode = 1
  }
} else {
  process.stdout.write(stale.length > 0 ? `Wrote ${stale.join(', ')}\n` : 'All up to date\n')
}
