import { parseUnit, toCanonicalForm, ucum } from '@atomic-ehr/ucum'

/** The code system of units, https://hl7.org/fhir/R4/valueset-ucum-units.html */
export const UCUM = 'http://unitsofmeasure.org'

/** A unit in terms of the base units: which they are, and how a number of it becomes a number of them. */
type Canonical = { readonly unit: string; readonly scale: (value: number) => number }

/** What the library gives, whose own declarations do not resolve here. */
type Form = {
  readonly magnitude: number
  readonly units: readonly { readonly unit: string; readonly exponent: number }[]
  readonly specialFunction?: unknown
}
type Expression =
  | { readonly type: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'unary'; readonly operand: Expression }
  | { readonly type: 'group'; readonly expression: Expression }
  | { readonly type: 'unit'; readonly atom: string; readonly exponent?: number }
  | { readonly type: 'factor' }

const REMEMBERED = 5000
const LONGEST = 80
const ANNOTATION = /\{[^{}]*\}/g
/** Doubles that were reached by different factors agree to this many digits. */
const DIGITS = 12

const remembered = new Map<string, Canonical | undefined>()

/** The two temperatures that are not a multiple of the kelvin, but a line; other special units are not compared. */
const LINES: Readonly<Record<string, (value: number) => number>> = {
  Cel: value => value + 273.15,
  '[degF]': value => ((value + 459.67) * 5) / 9,
}

/** The arbitrary units of an expression, which are a multiple of nothing else: `[IU]/L` is not a number per litre. */
function arbitraryOf(expression: Expression | undefined, sign: 1 | -1): string[] {
  if (expression === undefined) return []
  switch (expression.type) {
    case 'binary': {
      const right = expression.operator === '/' ? (-sign as 1 | -1) : sign
      return [...arbitraryOf(expression.left, sign), ...arbitraryOf(expression.right, right)]
    }
    case 'unary':
      return arbitraryOf(expression.operand, -sign as 1 | -1)
    case 'group':
      return arbitraryOf(expression.expression, sign)
    case 'unit':
      return ucum.isArbitraryUnit(expression.atom) ? [`${expression.atom}${sign * (expression.exponent ?? 1)}`] : []
    default:
      return []
  }
}

/** What stands in braces means nothing to UCUM; alone it is the unit 1. */
const withoutAnnotations = (code: string): string =>
  code.replace(ANNOTATION, (_, at: number) => (at === 0 || './('.includes(code[at - 1] ?? '') ? '1' : ''))

/** The library looks units up in plain objects, where it finds these too. */
const namesMembers = (plain: string): boolean => plain.match(/\w+/g)?.some(word => word in Object.prototype) ?? false

function convert(code: string): Canonical | undefined {
  const line = Object.hasOwn(LINES, code) ? LINES[code] : undefined
  if (line) return { unit: 'K1', scale: line }
  const plain = withoutAnnotations(code)
  if (namesMembers(plain)) return undefined
  const { magnitude, units, specialFunction }: Form = toCanonicalForm(plain)
  if (specialFunction || !Number.isFinite(magnitude) || magnitude <= 0) return undefined
  const base = units.map(({ unit, exponent }) => `${unit}${exponent}`)
  const unit = [...base, ...arbitraryOf(parseUnit(plain).ast, 1)].sort().join('.')
  return { unit: unit === '' ? '1' : unit, scale: value => value * magnitude }
}

/**
 * The unit that a UCUM code is measured in and the function that takes numbers there, the same for all codes that can be
 * compared (`mg` and `g`): https://hl7.org/fhir/R4/search.html#quantity. Nothing for what is no UCUM, or is on a scale that
 * is no line (pH, dB): such are compared as they are written.
 */
export function canonicalUnit(code: string): Canonical | undefined {
  if (code.length > LONGEST) return undefined
  if (remembered.has(code)) return remembered.get(code)
  let found: Canonical | undefined
  try {
    const known = convert(code)
    found = known && { ...known, scale: value => Number(known.scale(value).toPrecision(DIGITS)) }
  } catch {
    // The library throws at what is no unit; most such codes are a slip of who sent them.
    found = undefined
  }
  if (remembered.size >= REMEMBERED) remembered.clear()
  remembered.set(code, found)
  return found
}

/** Whether a code is one of UCUM: https://ucum.org/ucum */
export function isUnit(code: string): boolean {
  if (code === '' || code.length > LONGEST) return false
  const plain = withoutAnnotations(code)
  if (namesMembers(plain)) return false
  try {
    const { valid }: { valid: boolean } = ucum.validate(plain)
    return valid
  } catch {
    // It throws at characters that no unit has.
    return false
  }
}
