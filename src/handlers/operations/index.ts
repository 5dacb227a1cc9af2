import { servedTypes } from '../../resources/index.ts'
import { docref } from './docref.ts'
import { everything } from './everything.ts'
import { expand } from './expand.ts'
import { lastn } from './lastn.ts'
import { meta } from './meta.ts'
import { metaAdd, metaDelete } from './meta-change.ts'
import type { NamedOperation } from './operation.ts'
import { validate } from './validate.ts'
import { validateCodeInCodeSystem, validateCodeInValueSet } from './validate-code.ts'

/** Every operation: the routes and the CapabilityStatement both read this. https://hl7.org/fhir/R4/operations.html */
export const OPERATIONS: readonly NamedOperation[] = [
  docref,
  everything,
  expand,
  lastn,
  meta,
  metaAdd,
  metaDelete,
  validate,
  validateCodeInCodeSystem,
  validateCodeInValueSet,
]

/** The types that an operation is invoked on. */
export const typesOf = ({ types }: NamedOperation): readonly string[] => (types === 'served' ? servedTypes : types)
