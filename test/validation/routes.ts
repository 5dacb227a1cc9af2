// Every element of a type, and resources in which it is there: what mutants are made of.
import { elementsOfType, isComplex, memberName } from '../../src/fhir/model.ts'
import type { Json } from '../../src/fhir/types.ts'
import { minimal, put } from '../support/minimal.ts'

type Element = ReturnType<typeof elementsOfType>[number]
type Step = { readonly member: string; readonly isMany: boolean }

/** One element of a resource type, as one of its datatypes. */
export type Place = {
  readonly type: string
  readonly steps: readonly Step[]
  readonly element: Element
  readonly datatype: string
  /** The type that has the element. */
  readonly owner: string
}

const DEPTH = 3
/** What is looked at once, not at every place where it may stand. */
const ONCE = new Set(['Meta', 'Narrative', 'Identifier', 'Reference', 'Timing', 'Attachment', 'Signature'])

/** Every element of a resource type, nested ones and those of its datatypes too; some datatypes where first met. */
export function placesOf(type: string): Place[] {
  const seen = new Set<string>()
  const walk = (owner: string, steps: readonly Step[]): Place[] =>
    elementsOfType(owner).flatMap(element =>
      element.types.flatMap(datatype => {
        if (datatype === 'Resource') return []
        const member = memberName(element.name, datatype)
        // An element's id is no string as others are.
        const said = member === 'id' && datatype === 'string' ? 'id of an element' : datatype
        const place = { type, steps: [...steps, { member, isMany: element.max > 1 }], element, datatype: said, owner }
        const isKnown = ONCE.has(datatype) && seen.has(datatype)
        if (!isComplex(datatype) || isKnown || place.steps.length >= DEPTH) return [place]
        // The fifty types of an extension's value are looked at where something else has them.
        if (datatype === 'Extension' || element.bound) return [place]
        seen.add(datatype)
        return [place, ...walk(datatype, place.steps)]
      }),
    )
  return walk(type, [])
}

/** Where a place is, as issues say it. */
export const expressionOf = ({ type, steps }: Place): string =>
  steps.reduce((path, { member, isMany }) => `${path}.${member}${isMany ? '[0]' : ''}`, type)

const VALUES: Readonly<Record<string, unknown>> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  string: 'text',
  markdown: 'text',
  code: 'text',
  id: 'an-id',
  'id of an element': 'an-id',
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
/** Objects that are right wherever they may stand. */
const OBJECTS: Readonly<Record<string, Json>> = {
  Extension: { url: 'http://example.org/extension', valueString: 'text' },
  Age: { value: 1, system: 'http://unitsofmeasure.org', code: 'a' },
  Attachment: { title: 'text' },
  Narrative: { status: 'generated', div: VALUES.xhtml },
  Ratio: { numerator: { value: 1 }, denominator: { value: 2 } },
  Reference: { display: 'text' },
  Expression: { language: 'text/fhirpath', expression: 'text' },
  TriggerDefinition: { type: 'named-event', name: 'text' },
}

/** A right value of an element. */
export function valueAt({ element, datatype, steps, owner }: Place): unknown {
  const last = steps.at(-1)?.member ?? ''
  if (element.name === 'url' && owner === 'Extension') return 'http://example.org/extension'
  if (/contentType|Format$/.test(last)) return 'text/plain'
  if (last === 'language' && owner === 'Expression') return 'text/fhirpath'
  if (last === 'currency') return 'GBP'
  if (element.codes) return Object.values(element.codes).flat()[0]
  if (element.bound) {
    const [[system, [code] = []] = []] = Object.entries(element.bound)
    return { coding: [{ system, code }] }
  }
  return VALUES[datatype] ?? OBJECTS[datatype] ?? objectOf(datatype)
}

/** The least that is an object of a type. */
function objectOf(type: string): Json {
  const { resourceType: _type, ...object } = minimal(type)
  if (Object.keys(object).length > 0) return object
  const element = elementsOfType(type).find(
    ({ name, types }) => name !== 'id' && types.length === 1 && VALUES[types[0] ?? ''] !== undefined,
  )
  if (!element) return type === 'CodeableConcept' ? { text: 'text' } : { extension: [OBJECTS.Extension] }
  const value = element.codes ? Object.values(element.codes).flat()[0] : VALUES[element.types[0] ?? '']
  return { [element.name]: element.max > 1 ? [value] : value }
}

/** The least resource with a value at a place. */
export function resourceWith(place: Place, value: unknown): Json {
  const resource = minimal(place.type, 'x')
  const route = { steps: place.steps.map(({ member }) => ({ member, keep: undefined })) }
  put(resource, { type: place.datatype, codes: undefined, targets: undefined, ...route }, structuredClone(value))
  return resource
}

/** The object that a place's element is a member of. */
export function holderOf(resource: Json, { steps }: Place): Json {
  return steps.slice(0, -1).reduce<Json>((holder, { member }) => {
    const next = holder[member]
    return (Array.isArray(next) ? next[0] : next) as Json
  }, resource)
}
