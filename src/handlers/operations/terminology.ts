import { nearest } from '../../fhir/nearest.ts'
import { FhirError, invalid } from '../../fhir/outcome.ts'
import {
  type Concepts,
  codeSystemOf,
  knownCodeSystems,
  knownValueSets,
  TERMINOLOGY_VERSION,
  valueSetOf,
} from '../../fhir/value-sets.ts'

const lastPart = (url: string): string => url.split('/').at(-1) ?? ''

const unknown = (kind: string, url: string, known: readonly string[]) => {
  const guess = known.find(each => lastPart(each) === nearest(lastPart(url), known.map(lastPart)))
  const listed = known.map(lastPart).join(', ')
  const text = `The ${kind} "${url.slice(0, 120)}" is not known here.${guess ? ` Did you mean ${guess}?` : ''} Known are: ${listed}`
  return new FhirError(404, [{ severity: 'error', code: 'not-found', text }])
}

/** A canonical url without its version, which has to be that of R4. */
function unversioned(canonical: string, kind: string): string {
  const [url = '', version = TERMINOLOGY_VERSION] = canonical.split('|')
  if (version !== TERMINOLOGY_VERSION)
    throw invalid(
      `The ${kind} is known as of version ${TERMINOLOGY_VERSION}, not "${version.slice(0, 40)}"`,
      undefined,
      'not-found',
    )
  return url
}

/** A value set by its canonical. @throws FhirError 404 that lists those that are known */
export function theValueSet(canonical: string): Concepts {
  const url = unversioned(canonical, 'value set')
  const found = valueSetOf(url)
  if (!found) throw unknown('value set', url, knownValueSets())
  return found
}

/** A code system by its canonical. @throws FhirError 404 that lists those that are known */
export function theCodeSystem(canonical: string): Concepts {
  const url = unversioned(canonical, 'code system')
  const found = codeSystemOf(url)
  if (!found) throw unknown('code system', url, knownCodeSystems())
  return found
}
