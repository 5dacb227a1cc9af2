// Resources made from the definitions of R4, for tests that must hold for every type that is declared now or later.
import { elementsOfType, isComplex, memberName } from '../../src/fhir/model.ts'
import type { Route } from '../../src/fhir/path.ts'
import type { Json } from '../../src/fhir/types.ts'

type Element = ReturnType<typeof elementsOfType>[number]

const PRIMITIVE: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  uri: 'http://example.org/uri',
  url: 'http://example.org/url',
  canonical: 'http://example.org/canonical',
  oid: 'urn:oid:1.2.3',
  uuid: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
  date: '2001-02-03',
  dateTime: '2001-02-03T04:05:06Z',
  instant: '2001-02-03T04:05:06Z',
  time: '04:05:06',
  base64Binary: 'AAAA',
  xhtml: '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
}

const coded = (system: string, code: string): Json => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
})

/** What the invariants of R4 want besides. */
const ALSO: Readonly<Record<string, Json>> = {
  AllergyIntolerance: { clinicalStatus: coded('allergyintolerance-clinical', 'active') },
  Appointment: { start: '2001-02-03T04:05:06Z', end: '2001-02-03T04:05:06Z' },
  'Appointment.participant': { type: [{ text: 'text' }] },
  Binary: { contentType: 'text/plain' },
  Condition: { clinicalStatus: coded('condition-clinical', 'resolved') },
  Consent: { policyRule: { text: 'text' } },
  ContactPoint: { system: 'phone' },
  Expression: { language: 'text/fhirpath' },
  Organization: { name: 'text' },
  Range: { low: { value: 1 } },
  Ratio: { numerator: { value: 1 }, denominator: { value: 2 } },
}

function sample(type: string, { codes, targets = ['Organization'] }: Pick<Element, 'codes' | 'targets'>): unknown {
  if (type === 'Reference') return { reference: `${targets.find(each => each !== 'Patient') ?? 'Patient'}/nowhere` }
  if (isComplex(type)) return filled(type)
  return Object.values(codes ?? {}).flat()[0] ?? PRIMITIVE[type] ?? 'text'
}

/** The elements that an object of a type needs, or the one that keeps it from being empty. */
function neededOf(type: string): readonly Element[] {
  const elements = elementsOfType(type)
  const required = elements.filter(({ min }) => min > 0)
  if (required.length > 0) return required
  const isText = ({ name, types }: Element) => types[0] === 'string' && types.length === 1 && name !== 'id'
  const spare =
    elements.find(isText) ??
    elements.find(({ name, types }) => name !== 'id' && types.length === 1 && !isComplex(types[0] ?? ''))
  return spare ? [spare] : elements.filter(({ name }) => name === 'coding')
}

function filled(type: string): Json {
  const needed = neededOf(type).map(element => {
    const [one = ''] = element.types
    const value = sample(one, element)
    return [memberName(element.name, one), element.max > 1 ? [value] : value]
  })
  return { ...Object.fromEntries(needed), ...structuredClone(ALSO[type]) }
}

/** The least that is a resource of a type, by R4's own definition of it. */
export function minimal(type: string, id?: string): Json {
  const isRequired = elementsOfType(type).some(({ min }) => min > 0)
  return {
    resourceType: type,
    ...(id === undefined ? {} : { id }),
    ...(isRequired ? filled(type) : structuredClone(ALSO[type])),
  }
}

/** The element that a JSON member of a type belongs to, and the datatype that the member says. */
export function elementOf(type: string, member: string): { element: Element; datatype: string } {
  for (const element of elementsOfType(type))
    for (const datatype of element.types)
      if (memberName(element.name, datatype) === member) return { element, datatype }
  throw new Error(`${type} has no member ${member}`)
}

const otherChoices = (element: Element, member: string): string[] =>
  element.types.map(each => memberName(element.name, each)).filter(each => each !== member)

/** Whether a route leads through a choice that the resource has made otherwise already. */
export function isTaken(resource: Json, { steps }: Route): boolean {
  let holder: Json | undefined = resource
  let type = String(resource.resourceType)
  for (const { member } of steps) {
    const { element, datatype } = elementOf(type, member)
    const made: Json = holder ?? {}
    if (otherChoices(element, member).some(each => each in made)) return true
    const value: unknown = made[member]
    holder = (Array.isArray(value) ? value[0] : value) as Json | undefined
    type = datatype
  }
  return false
}

/**
 * Puts a value at the end of a route; what is on the way is made, and another type of the same choice goes. With `beside`
 * the first list on the way gets one more item instead of another value in its first.
 */
export function put(resource: Json, { steps }: Route, value: unknown, { beside = false } = {}): void {
  let holder = resource
  let type = String(resource.resourceType)
  let adds = beside
  for (const [index, { member }] of steps.entries()) {
    const { element, datatype } = elementOf(type, member)
    for (const each of otherChoices(element, member)) delete holder[each]
    const isMany = element.max > 1
    const before = isMany ? ((holder[member] as unknown[] | undefined) ?? []) : []
    const known = isMany ? (adds ? undefined : before[0]) : holder[member]
    const next = index === steps.length - 1 ? value : (known ?? filled(datatype))
    holder[member] = isMany ? (adds ? [...before, next] : [next]) : next
    if (isMany) adds = false
    holder = next as Json
    type = datatype
  }
}
