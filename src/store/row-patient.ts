import { elementsOf, referencesOf } from '../fhir/extract.ts'
import { eachReference, type Holder, isToStranger, parseReference } from '../fhir/reference.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { indexKey, tokenKeys } from './hash.ts'
import { SEVERAL_PATIENTS } from './matches-key.ts'

const PATIENT = 'Patient/'

/** The key of what follows others and also names a Patient who is not known here by an id. */
export const NAMES_STRANGER: string = indexKey('names a stranger')

type Referred = ReturnType<typeof referencesOf>[number]

/** `Type/id` of a reference to this server, or the url of one that leads elsewhere. */
export function targetOf({ type, id, url }: Referred, base: string): string | undefined {
  if (type !== undefined && id !== undefined) return `${type}/${id}`
  if (url === undefined) return undefined
  const parsed = parseReference(url, base)
  return parsed?.kind === 'local' ? `${parsed.type}/${parsed.id}` : url
}

function patientsNamed(definition: Definition, resource: Json, base: string): Set<string> {
  const patients = new Set<string>()
  const note = (target: string | undefined) => {
    if (target?.startsWith(PATIENT)) patients.add(target.slice(PATIENT.length))
  }
  if (Array.isArray(definition.compartment))
    for (const param of definition.compartment)
      for (const referred of referencesOf(definition.type, param, resource)) note(targetOf(referred, base))
  else
    eachReference(resource, ({ reference }) => {
      const parsed = typeof reference === 'string' ? parseReference(reference, base) : undefined
      if (parsed?.kind === 'local') note(`${parsed.type}/${parsed.id}`)
    })
  return patients
}

/** The parameters whose elements may say whose a resource is, or whom it follows. */
const naming = ({ search, follows }: Definition): readonly string[] =>
  Object.keys(search).filter(param => param === follows || search[param]?.stored === 'patient')

/** The references to Patients without an id of this server, where there may be several or it is everybody's without one. */
function strangersNamed(definition: Definition, resource: Json, base: string): readonly Holder[] {
  const { type, compartment, severalPatients } = definition
  const found: Holder[] = []
  const note = (holder: Holder) => {
    if (isToStranger(holder, resource, base)) found.push(holder)
  }
  if (!Array.isArray(compartment)) eachReference(resource, note)
  else if (severalPatients)
    for (const param of naming(definition))
      for (const { value } of elementsOf(type, param)(resource)) note(value as Holder)
  return found
}

const awaitedKey = ({ system, value }: { readonly system?: string; readonly value?: string }): string =>
  indexKey(tokenKeys.exact('identifier', system ?? '', value ?? ''))

/** What would be a patient's if there were one with this identifier waits for her. */
function awaitedOf({ type, compartment }: Definition, resource: Json, strangers: readonly Holder[]): string[] {
  const keys = strangers.flatMap(({ reference, identifier }) =>
    reference === undefined && typeof identifier?.value === 'string' ? [awaitedKey(identifier)] : [],
  )
  if (!Array.isArray(compartment)) return keys
  for (const param of compartment)
    for (const { id, url, identifier } of referencesOf(type, param, resource))
      if (id === undefined && url === undefined && identifier?.value !== undefined) keys.push(awaitedKey(identifier))
  return keys
}

const containsPatient = ({ contained }: Json): boolean =>
  Array.isArray(contained) && contained.some(each => (each as Json | null)?.resourceType === 'Patient')

/** Whose a resource is, and for whom it waits. */
export type Owner = {
  /** One patient's, nobody's (''), or, when it names several, no patient's at all. */
  readonly patient: string
  /** Whether it names a Patient who is not known here by an id: one more than those who are, whoever she is. */
  readonly namesStranger: boolean
  /** The keys of the identifiers by which it names Patients. */
  readonly awaits: readonly string[]
}

/** Whose a resource is. What names a patient of whom nothing is known here is not shown to those of whom something is. */
export function ownerOf(definition: Definition, id: string, resource: Json, base: string): Owner {
  const { compartment } = definition
  if (compartment === 'self' || compartment === 'none')
    return { patient: compartment === 'self' ? id : '', namesStranger: false, awaits: [] }
  const isOnes = Array.isArray(compartment)
  const [first = '', ...others] = patientsNamed(definition, resource, base)
  const strangers = strangersNamed(definition, resource, base)
  const namesStranger = strangers.length > 0 || (!isOnes && containsPatient(resource))
  const isSeveral = others.length > 0 || (namesStranger && (first !== '' || !isOnes))
  const patient = isSeveral ? SEVERAL_PATIENTS : first
  return { patient, namesStranger, awaits: isSeveral || first === '' ? awaitedOf(definition, resource, strangers) : [] }
}
