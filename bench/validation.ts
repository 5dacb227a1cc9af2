import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bundle, Json } from './data.ts'
import { HUNDRED, record } from './record.ts'

/** What validating may cost, as a multiple of JSON.parse of the same text in the same process. */
const MOST = 1.5
/** Of what is mostly markup: JSON.parse copies a string without looking at it, and markup has to be read. */
const MOST_OF_MARKUP = 2.5
/** Importing the validator, in milliseconds of CPU. */
const MOST_IMPORT = 60
const ROUNDS = 15
const CHARACTERS_OF_A_ROUND = 2_000_000

const DIST = new URL('../dist/validation/validate.js', import.meta.url)

type Validate = (resource: unknown, expected?: undefined, settings?: object) => { readonly issues: readonly unknown[] }
type Line = { what: string; characters: number; parse: number; validate: number; ratio: number; target: number }

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

/** The CPU time of importing the validator, in a process that has done nothing else: the least of some tries. */
function importTime(): number {
  const script = `const before = process.cpuUsage(); await import(${JSON.stringify(DIST.href)}); const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)`
  const tries = Array.from({ length: 5 }, () =>
    Number(spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout),
  )
  return Math.min(...tries)
}

/**
 * What the validator costs, as a multiple of JSON.parse in the same process. Nothing else is needed: no server, no database.
 * @returns whether it costs as little as it has to
 */
export async function measureValidation(out: string): Promise<boolean> {
  const { validate } = (await import(fileURLToPath(DIST))) as { validate: Validate }
  const lines = samples().map(sample => measure(sample, validate))
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
