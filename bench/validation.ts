import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bundle, Json } from './data.ts'
import { HUNDRED, record } from './record.ts'

/** What validating may cost, as a multiple of JSON.parse of the same text in the same process. */
const MOST = 1.5
/** Of what is mostly markup: JSON.parse copies a string without looking at it, and markup has to be read. */
const MOST_OF_MARKUP = 2.5
/** With the profiles that it claims. */
const MOST_OF_PROFILES = 4
/** Importing the validator, in milliseconds of CPU. */
const MOST_IMPORT = 60
const ROUNDS = 15
const CHARACTERS_OF_A_ROUND = 2_000_000

const DIST = new URL('../dist/validation/validate.js', import.meta.url)
const PROFILES = new URL('../dist/validation/profiles/profiles.js', import.meta.url)

type Validate = (resource: unknown, expected?: undefined, settings?: object) => { readonly issues: readonly unknown[] }
type Line = { what: string; characters: number; parse: number; validate: number; ratio: number; target: number }

type Profiles = {
  supported(type: string): readonly string[]
  check(resource: Json): readonly { issues: readonly { severity: string }[] }[]
}
type Sample = readonly [what: string, resource: Json, target: number]

const XHTML = 'http://www.w3.org/1999/xhtml'
const row = (name: string, value: string): string => `<tr><td class="name">${name}</td><td>${value}</td></tr>`

/** A narrative as interface engines make them: a table of what the resource says. */
const narrative = (rows: number): Json => ({
  status: 'generated',
  div: `<div xmlns="${XHTML}"><table class="grid"><tbody>${Array.from({ length: rows }, (_, index) => row(`Row ${index}`, 'Normal &amp; stable, 4.1 mmol/L')).join('')}</tbody></table></div>`,
})

/** One resource of each type of a record, some with a narrative, and a Bundle of a hundred. */
function samples(): Sample[] {
  const bundle: Bundle = record(1, HUNDRED)
  const first = new Map<string, Json>()
  for (const { resource } of bundle.entry) {
    const type = String(resource.resourceType)
    if (!first.has(type)) first.set(type, resource)
  }
  const told = ['Patient', 'DiagnosticReport'].flatMap((type): Sample[] => {
    const resource = first.get(type)
    return resource
      ? [[`${type} with a narrative`, { ...resource, text: narrative(type === 'Patient' ? 6 : 20) }, MOST_OF_MARKUP]]
      : []
  })
  const plain = [...first].map(([type, resource]): Sample => [type, resource, MOST])
  return [...plain, ...told, [`Bundle of ${bundle.entry.length}`, bundle, MOST]]
}

function cpuOf(work: () => void): number {
  const begin = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(begin)
  return user + system
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN

/** Both in turn, so that what else the machine does meets them alike. */
function measure([what, resource, target]: Sample, validate: Validate): Line {
  const text = JSON.stringify(resource)
  const { issues } = validate(resource)
  if (issues.length > 0) throw new Error(`${what} is not right: ${JSON.stringify(issues[0])}`)
  const parsed: unknown = JSON.parse(text)
  const times = Math.ceil(CHARACTERS_OF_A_ROUND / text.length)
  const repeat = (work: () => void) => () => {
    for (let time = 0; time < times; time++) work()
  }
  const rounds = Array.from({ length: ROUNDS }, () => ({
    parse: cpuOf(repeat(() => JSON.parse(text))) / times,
    validate: cpuOf(repeat(() => validate(parsed))) / times,
  }))
  // The first rounds are before the code is compiled for good.
  const warm = rounds.slice(3)
  const parse = median(warm.map(round => round.parse))
  const validated = median(warm.map(round => round.validate))
  const ratio = median(warm.map(round => round.validate / round.parse))
  return { what, characters: text.length, parse, validate: validated, ratio, target }
}

/** The resource with the profile of its type that has the shortest name, if it claims none itself: the least special one. */
function claiming(resource: Json, profiles: Profiles): Json {
  const [shortest] = [...profiles.supported(String(resource.resourceType))].sort(
    (one, other) => one.length - other.length,
  )
  const meta = (resource.meta ?? {}) as Json
  return meta.profile || !shortest ? resource : { ...resource, meta: { ...meta, profile: [shortest] } }
}

/** The longest example of each type in the packages that is right. */
function examples(folders: readonly string[], profiles: Profiles, validate: Validate): Sample[] {
  const longest = new Map<string, { text: string; resource: Json }>()
  for (const folder of folders)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(each =>
      each.endsWith('.json'),
    )) {
      const text = readFileSync(join(folder, name), 'utf8')
      const resource = claiming(JSON.parse(text) as Json, profiles)
      const found = profiles.check(resource)
      const isRight = found.length > 0 && validate(resource).issues.length === 0
      const type = String(resource.resourceType)
      const known = longest.get(type)
      if (isRight && text.length > (known?.text.length ?? 0)) longest.set(type, { text, resource })
    }
  return [...longest].sort().map(([type, { resource }]) => [type, resource, MOST_OF_PROFILES])
}

/** The CPU time of importing the validator, in a process that has done nothing else: the least of some tries. */
function importTime(): number {
  const script = `const before = process.cpuUsage(); await import(${JSON.stringify(DIST.href)}); const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)`
  const tries = Array.from({ length: 5 }, () =>
    Number(spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout),
  )
  return Math.min(...tries)
}

/** Both together, as `$validate` runs them: a write under `warn` looks at no profile. */
async function withProfiles(folders: readonly string[], validate: Validate): Promise<Line[]> {
  const { loadProfiles } = (await import(fileURLToPath(PROFILES))) as {
    loadProfiles(sources: readonly string[], modes: readonly never[]): Promise<Profiles>
  }
  const profiles = await loadProfiles(folders, [])
  const all: Validate = resource => {
    profiles.check(resource as Json)
    return validate(resource)
  }
  return examples(folders, profiles, validate).map(([type, resource, target]) =>
    measure([`${type} and its profiles`, resource, target], all),
  )
}

/**
 * What the validator costs, as a multiple of JSON.parse in the same process. Nothing else is needed: no server, no database.
 * With folders of FHIR packages also what the profiles in them cost, for the examples in them.
 * @returns whether it costs as little as it has to
 */
export async function measureValidation(out: string, folders: readonly string[]): Promise<boolean> {
  const { validate } = (await import(fileURLToPath(DIST))) as { validate: Validate }
  const lines = samples().map(sample => measure(sample, validate))
  if (folders.length > 0) lines.push(...(await withProfiles(folders, validate)))
  const imported = importTime()
  writeFileSync(join(out, 'validation.json'), `${JSON.stringify({ lines, import: imported }, undefined, 2)}\n`)
  process.stdout.write(
    '| resource | characters | JSON.parse µs | validate µs | ratio | target |\n|---|---|---|---|---|---|\n',
  )
  for (const { what, characters, parse, validate: validated, ratio, target } of lines)
    process.stdout.write(
      `| ${what} | ${characters} | ${parse.toFixed(1)} | ${validated.toFixed(1)} | ${ratio.toFixed(2)} | ≤ ${target} |\n`,
    )
  process.stdout.write(`\nImport: ${imported.toFixed(0)} ms of CPU (at most ${MOST_IMPORT})\n`)
  return lines.every(({ ratio, target }) => ratio <= target) && imported <= MOST_IMPORT
}
