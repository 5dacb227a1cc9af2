import { RESOURCE_TYPES } from '../fhir/model.ts'
import { parseReference } from '../fhir/reference.ts'
import type { Json } from '../fhir/types.ts'
import { objectsOf } from './invariant.ts'
import { quote, reportTarget } from './report.ts'
import { type Check, type Run, report } from './run.ts'

const SLASH = 0x2f
const QUESTION_MARK = 0x3f
const CAPITAL_A = 0x41

/** The contained resource that a fragment names; `#` alone is the resource that contains. */
export function resolve(fragment: string, run: Run): Json | undefined {
  const { root } = run
  const id = fragment.slice(1)
  if (id === '') return run.inContained ? root : undefined
  // Made once for a resource: there may be as many references as there are contained resources.
  if (run.contained?.of !== root)
    run.contained = { of: root, byId: new Map(objectsOf(root.contained).map(one => [one.id, one])) }
  return run.contained.byId.get(id)
}

/** ref-1 of https://hl7.org/fhir/R4/references.html: what a reference with # names is contained. */
function typeOfFragment(reference: string, run: Run): string | undefined {
  const found = resolve(reference, run)
  if (found === undefined) {
    report(
      run,
      'invariant',
      () => `${quote(reference)} names nothing that is contained: a contained resource has to have this id (ref-1)`,
      'reference',
    )
    return undefined
  }
  return typeof found.resourceType === 'string' ? found.resourceType : undefined
}

function typeOf(reference: string, run: Run): string | undefined {
  if (reference.startsWith('#')) return typeOfFragment(reference, run)
  if (reference.startsWith('urn:')) return undefined
  const parsed = parseReference(reference)
  return parsed && 'type' in parsed ? parsed.type : undefined
}

/** The letters that a relative or conditional reference begins with are a type. */
function endOfWord(reference: string): number {
  for (let at = 0; at < reference.length; at++) {
    const char = reference.charCodeAt(at)
    if (char === SLASH || char === QUESTION_MARK) return at
    if (char < CAPITAL_A) return 0
  }
  return 0
}

/**
 * What a reference says of its type, in its text or its `type`, has to be one of the element's targets:
 * https://hl7.org/fhir/R4/references.html
 */
function checkTarget(holder: Json, targets: ReadonlySet<string> | undefined, run: Run): void {
  const { reference, type: said } = holder
  let type: string | undefined
  if (typeof reference === 'string') {
    const first = reference.slice(0, endOfWord(reference))
    type = targets?.has(first) ? first : typeOf(reference, run)
    if (type !== undefined && targets && !targets.has(type)) reportTarget(reference, type, targets, run, 'reference')
  }
  if (typeof said !== 'string' || !RESOURCE_TYPES.has(said)) return
  if (type !== undefined && said !== type) {
    const text = () => `The reference is to a ${type}, its type says ${said}: they have to be the same`
    report(run, 'value', text, 'type')
  } else if (type === undefined && targets && !targets.has(said)) reportTarget(said, said, targets, run, 'type')
}

/** The check of a Reference that has to be to one of some types, or to any. */
export const target =
  (reference: Check, targets: ReadonlySet<string> | undefined): Check =>
  (holder, run) => {
    reference(holder, run)
    checkTarget(holder, targets, run)
  }
