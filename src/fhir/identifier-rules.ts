import { NHS_NUMBER } from './nhs-number.ts'

/** What the identifiers of one system are like. */
export type IdentifierRule = {
  /** The type of what is meant by one that stands alone. */
  readonly type: string
  /** The one spelling that is kept and compared, of whatever spelling came. */
  readonly plain: (written: string) => string
  /** What is wrong with a plain one, and what would be right. The number is not in it: it is somebody's. */
  readonly fault: (plain: string) => string | undefined
}

/** The systems whose identifiers are checked, where they are written and where they are asked for. */
const RULES: ReadonlyMap<unknown, IdentifierRule> = new Map([['https://fhir.nhs.uk/Id/nhs-number', NHS_NUMBER]])

/** The type of what carries identifiers of a system, where that is known. */
export const typeCarrying = (system: unknown): string | undefined => RULES.get(system)?.type

/** An identifier in its plain spelling, and what is wrong with it; nothing for systems that are not checked. */
export function judgeIdentifier(
  system: unknown,
  value: string,
): { readonly plain: string; readonly fault: string | undefined } | undefined {
  const rule = RULES.get(system)
  if (!rule) return undefined
  const plain = rule.plain(value)
  return { plain, fault: rule.fault(plain) }
}
