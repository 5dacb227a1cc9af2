import { codesOfValueSet } from '../../fhir/model.ts'
import type { Json } from '../../fhir/types.ts'
import { objectsOf } from '../invariant.ts'
import { withoutVersion } from './canonical.ts'
import type { Definitions } from './definitions.ts'
import { filtered } from './filters.ts'

/** The codes of a value set, as far as they can be listed. */
export type Codes = {
  readonly listed: ReadonlyMap<string, ReadonlySet<string>>
  /** The systems of which it has codes that cannot be listed here; `*` when it is not known of which. */
  readonly open: ReadonlySet<string>
}

type Growing = { listed: Map<string, Set<string>>; open: Set<string> }

const UNKNOWN = '*'

const none = (): Growing => ({ listed: new Map(), open: new Set() })

function add({ listed }: Growing, system: string, codes: Iterable<string>): void {
  const known = listed.get(system) ?? new Set()
  for (const code of codes) known.add(code)
  listed.set(system, known)
}

function addAll(to: Growing, { listed, open }: Codes): void {
  for (const [system, codes] of listed) add(to, system, codes)
  for (const system of open) to.open.add(system)
}

function* codesBelow(concepts: unknown): Generator<string> {
  for (const { code, concept } of objectsOf(concepts)) {
    if (typeof code === 'string') yield code
    yield* codesBelow(concept)
  }
}

/** https://hl7.org/fhir/R4/valueset-definitions.html#ValueSet.expansion: what somebody else has listed. */
function addExpanded(to: Growing, contains: unknown): void {
  for (const { system, code, abstract, contains: below } of objectsOf(contains)) {
    if (typeof system === 'string' && typeof code === 'string' && abstract !== true) add(to, system, [code])
    addExpanded(to, below)
  }
}

/** What is in both: a part that includes a value set and a system has the codes that are in each. */
function both(one: Codes, other: Codes): Growing {
  const shared = none()
  for (const [system, codes] of one.listed) {
    const others = other.listed.get(system)
    add(
      shared,
      system,
      [...codes].filter(code => others?.has(code)),
    )
  }
  for (const open of [...one.open, ...other.open]) shared.open.add(open)
  return shared
}

type CodesOf = (canonical: string) => Codes | undefined
type CodeSystems = Definitions['codeSystems']

const unknown = (): Growing => ({ listed: new Map(), open: new Set([UNKNOWN]) })

function ofSystem(system: string, codeSystems: CodeSystems): Growing {
  const made = none()
  const { content, concept } = codeSystems.get(system) ?? {}
  if (content === 'complete') add(made, system, codesBelow(concept))
  else made.open.add(system)
  return made
}

function ofPart({ system, concept, filter, valueSet }: Json, codeSystems: CodeSystems, codesOf: CodesOf): Growing {
  const parts: Codes[] = []
  if (typeof system === 'string') {
    const named = none()
    if (Array.isArray(concept)) add(named, system, codesBelow(concept))
    else if (Array.isArray(filter)) {
      const codes = filtered(codeSystems.get(system), filter)
      if (codes) add(named, system, codes)
      else named.open.add(system)
    } else addAll(named, ofSystem(system, codeSystems))
    parts.push(named)
  }
  for (const url of Array.isArray(valueSet) ? valueSet : []) parts.push(codesOf(String(url)) ?? unknown())
  const [first, ...others] = parts
  const made = none()
  if (first) addAll(made, others.reduce(both, first))
  return made
}

function composed(compose: Json, codeSystems: CodeSystems, codesOf: CodesOf): Growing {
  const made = none()
  for (const part of objectsOf(compose.include)) addAll(made, ofPart(part, codeSystems, codesOf))
  for (const part of objectsOf(compose.exclude)) {
    const out = ofPart(part, codeSystems, codesOf)
    for (const [system, codes] of out.listed) for (const code of codes) made.listed.get(system)?.delete(code)
    // What is left out and cannot be listed makes the codes of its system uncertain.
    for (const system of out.open) {
      made.open.add(system)
      made.listed.delete(system)
    }
  }
  return made
}

/** Lists the codes of value sets, each once: https://hl7.org/fhir/R4/valueset.html#expansion */
export function codeLists({ valueSets, codeSystems }: Definitions): CodesOf {
  const known = new Map<string, Codes | undefined>()

  function made(url: string): Codes | undefined {
    const { compose, expansion } = valueSets.get(url) ?? {}
    const codes =
      typeof compose === 'object' && compose !== null ? composed(compose as Json, codeSystems, codesOf) : none()
    const contains = (expansion as Json | undefined)?.contains
    if (contains !== undefined && (codes.open.size > 0 || compose === undefined)) {
      const listed = none()
      addExpanded(listed, contains)
      return listed
    }
    if (compose !== undefined) return codes
    // The value sets that R4 itself requires are known without a package.
    const own = codesOfValueSet(url)
    if (own === undefined) return undefined
    for (const [system, list] of Object.entries(own)) add(codes, system, list)
    return codes
  }

  function codesOf(canonical: string): Codes | undefined {
    const url = withoutVersion(canonical)
    if (known.has(url)) return known.get(url)
    // A value set that includes itself has, on the way, what is not known.
    known.set(url, unknown())
    const codes = made(url)
    known.set(url, codes)
    return codes
  }
  return codesOf
}

/** Whether a value set has a code; undefined where that cannot be said. Without a system it is of any. */
export function hasCode({ listed, open }: Codes, system: string | undefined, code: string): boolean | undefined {
  const lists = system === undefined ? [...listed.values()] : [listed.get(system)]
  if (lists.some(list => list?.has(code))) return true
  if (open.has(UNKNOWN) || (system === undefined ? open.size > 0 : open.has(system))) return undefined
  return false
}
