import { servedTypes } from '../../resources/index.ts'
import { everything } from './everything.ts'
import type { NamedOperation } from './operation.ts'

/** Every operation: the routes and the CapabilityStatement both read this. https://hl7.org/fhir/R4/operations.html */
export const OPERATIONS: readonly NamedOperation[] = [everything]

/** The types that an operation is invoked on. */
export const typesOf = ({ types }: NamedOperation): readonly string[] => (types === 'served' ? servedTypes : types)
