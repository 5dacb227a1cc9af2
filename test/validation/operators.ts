// over 300 lines because it is one table: each operator is a line or a few.
// Ways to make something wrong of what is right, and ways to change it that FHIR allows.

import { isComplex } from '../../src/fhir/model.ts'
import type { Json } from '../../src/fhir/types.ts'
import { holderOf, type Place } from './routes.ts'

/** One way to change a resource that has a value at a place; says whether it could. */
export type Operator = {
  readonly name: string
  readonly change: (resource: Json, place: Place) => boolean
}

const DIV = (inner: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`

/** Sets the value of a place, in its list where it is one. */
function set(resource: Json, place: Place, value: unknown): void {
  const { member, isMany } = place.steps.at(-1) ?? { member: '', isMany: false }
  holderOf(resource, place)[member] = isMany ? [value] : value
}

const isPrimitive = ({ datatype }: Place): boolean => !isComplex(datatype) && datatype !== 'Resource'

/** Puts another value in place of those of some datatypes. */
const values = (datatypes: string, wrong: Readonly<Record<string, unknown>>): Operator[] =>
  Object.entries(wrong).map(([name, value]) => ({
    name: `${datatypes}: ${name}`,
    change: (resource, place) => {
      if (![datatypes, ...datatypes.split(' ')].includes(place.datatype)) return false
      set(resource, place, value)
      return true
    },
  }))

const WRONG_VALUES: readonly Operator[] = [
  ...values('id of an element', { space: 'a b', empty: '', 'control character': 'a\u0001', 'a number': 5 }),
  ...values('boolean', { 'in quotes': 'true', 'a number': 1, 'a word': 'yes' }),
  ...values('integer', { fraction: 1.5, 'in quotes': '1', 'too large': 2147483648, 'too small': -2147483649 }),
  ...values('positiveInt', { zero: 0, negative: -1, 'too large': 4294967296 }),
  ...values('unsignedInt', { negative: -1, fraction: 0.5 }),
  ...values('decimal', { 'in quotes': '1.5', 'a word': 'much', true: true }),
  ...values('string markdown', { empty: '', 'only space': ' \n', 'control character': 'a\u0001b', 'a number': 5 }),
  ...values('uri url canonical', { space: 'http://a b', empty: '', 'a number': 5 }),
  ...values('oid', { 'no urn': '1.2.3', 'wrong root': 'urn:oid:3.1', 'leading zero': 'urn:oid:1.02' }),
  ...values('uuid', { 'no urn': 'c757873d-ec9a-4326-a141-556f43239520', short: 'urn:uuid:c757873d' }),
  ...values('code', { 'space before': ' a', 'two spaces': 'a  b', 'only space': ' ', 'control character': 'a\u0002' }),
  ...values('date', {
    'no such day': '2023-02-29',
    'no such month': '2023-13',
    'two digits of a year': '23-01-01',
    'one digit of a month': '2023-1-01',
    'with a time': '2023-01-01T00:00:00Z',
    'a number': 2023,
  }),
  ...values('dateTime', {
    'no such day': '2023-02-30',
    'no zone': '2023-01-01T10:00:00',
    'no seconds': '2023-01-01T10:00Z',
    'no such hour': '2023-01-01T25:00:00Z',
    'a space': '2023-01-01 10:00:00Z',
    'as spoken': '1/2/2023',
  }),
  ...values('instant', {
    'only a day': '2023-01-01',
    'no zone': '2023-01-01T10:00:00',
    'no such minute': '2023-01-01T10:61:00Z',
  }),
  ...values('time', { 'hour 24': '24:00:00', 'no seconds': '10:00', 'with a zone': '10:00:00Z' }),
  ...values('base64Binary', {
    'wrong character': 'a*b=',
    'wrong length': 'aGVsbG8',
    'padding inside': 'aG=sbG8=',
    empty: '',
  }),
  ...values('xhtml', {
    text: 'text',
    'no div': '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
    'no namespace': '<div>x</div>',
    empty: DIV(' <p/> '),
    script: DIV('<script>x</script>'),
    handler: DIV('<p onclick="x">x</p>'),
    frame: DIV('<iframe src="https://x.org"/>'),
    'javascript address': DIV('<a href="java&#115;cript:x">x</a>'),
    'style that loads': DIV('<p style="background: url(https://x.org)">x</p>'),
    'not closed': DIV('<p>x'),
    'closed wrongly': DIV('<b><i>x</b></i>'),
    'bare ampersand': DIV('a & b'),
    'attribute without quotes': DIV('<p class=x>x</p>'),
    'attribute twice': DIV('<p class="x" class="y">x</p>'),
    'unknown attribute': DIV('<p data-x="x">x</p>'),
    'inserted text': DIV('<ins>x</ins>'),
    'something after it': `${DIV('x')}<p>y</p>`,
  }),
  ...values('id', { 'wrong character': 'a_b', 'too long': 'a'.repeat(65), empty: '', 'not ASCII': 'é' }),
]

const operator = (
  name: string,
  applies: (place: Place) => boolean,
  change: (value: unknown, place: Place) => unknown,
): Operator => ({
  name,
  change: (resource, place) => {
    if (!applies(place)) return false
    const { member, isMany } = place.steps.at(-1) ?? { member: '', isMany: false }
    const holder = holderOf(resource, place)
    const value = isMany ? (holder[member] as unknown[])[0] : holder[member]
    holder[member] = change(value, place)
    return true
  },
})

const isList = ({ element }: Place): boolean => element.max > 1
const isSingle = (place: Place): boolean => !isList(place)
const always = (): boolean => true
const isReference = ({ datatype }: Place): boolean => datatype === 'Reference'
const hasTargets = ({ datatype, element }: Place): boolean => datatype === 'Reference' && element.targets !== undefined
const inPlace = (value: unknown, { element }: Place): unknown => (element.max > 1 ? [value] : value)
const isObject = (place: Place): boolean => !isPrimitive(place)
const isNoExtension = (place: Place): boolean => isObject(place) && place.datatype !== 'Extension'
const object = (change: (value: Json, place: Place) => Json) => (value: unknown, place: Place) =>
  inPlace(change(value as Json, place), place)

const WRONG_SHAPES: readonly Operator[] = [
  operator('one value given as a list', isSingle, value => [value]),
  operator('a list given as one value', isList, value => value),
  operator('an empty list', isList, () => []),
  operator('null', isSingle, () => null),
  operator('null in a list', isList, value => [value, null]),
  operator('a list in a list', isList, value => [[value]]),
  operator('an object given as text', isObject, (_value, place) => inPlace('text', place)),
  operator('an object given as a number', isObject, (_value, place) => inPlace(1, place)),
  operator('an empty object', isObject, (_value, place) => inPlace({}, place)),
  operator('an object with an id only', isObject, (_value, place) => inPlace({ id: 'a' }, place)),
  operator('a primitive given as an object', isPrimitive, (value, place) => inPlace({ value }, place)),
  operator(
    'an unknown member',
    isObject,
    object(value => ({ ...value, unknown: 1 })),
  ),
  operator(
    'a resourceType in an element',
    isObject,
    object(value => ({ ...value, resourceType: 'Patient' })),
  ),
  operator(
    'comments',
    isObject,
    object(value => ({ ...value, fhir_comments: ['x'] })),
  ),
  operator(
    'an id with a space',
    isObject,
    object(value => ({ ...value, id: 'a b' })),
  ),
  operator(
    'an extension without a value',
    isObject,
    object(value => ({ ...value, extension: [{ url: 'urn:x' }] })),
  ),
  operator(
    'an extension without a url',
    isObject,
    object(value => ({ ...value, extension: [{ valueCode: 'x' }] })),
  ),
  operator(
    'an extension with value and extensions',
    isObject,
    object(value => ({
      ...value,
      extension: [{ url: 'urn:x', valueCode: 'x', extension: [{ url: 'y', valueCode: 'z' }] }],
    })),
  ),
  operator(
    'an extension with two values',
    isObject,
    object(value => ({ ...value, extension: [{ url: 'urn:x', valueCode: 'x', valueString: 'y' }] })),
  ),
  operator(
    'an empty list of extensions',
    isObject,
    object(value => ({ ...value, extension: [] })),
  ),
  operator(
    'an extension with a value of a type that it has not',
    isObject,
    object(value => ({ ...value, extension: [{ url: 'urn:x', valueNarrative: 'x' }] })),
  ),
  operator(
    'a reference to another type',
    hasTargets,
    object((value, { element }) => ({
      ...value,
      reference: `${element.targets?.includes('Schedule') ? 'Slot' : 'Schedule'}/1`,
    })),
  ),
  operator(
    'an absolute reference to another type',
    hasTargets,
    object((value, { element }) => ({
      ...value,
      reference: `https://example.org/fhir/${element.targets?.includes('Schedule') ? 'Slot' : 'Schedule'}/1`,
    })),
  ),
  operator(
    'a logical reference to another type',
    hasTargets,
    object((value, { element }) => ({
      ...value,
      type: element.targets?.includes('Schedule') ? 'Slot' : 'Schedule',
    })),
  ),
  operator(
    'a reference to nothing that is contained',
    isReference,
    object(value => ({ ...value, reference: '#none' })),
  ),
  operator(
    'a reference to the resource itself',
    isReference,
    object(value => ({ ...value, reference: '#' })),
  ),
  operator(
    'a code that is not of the list',
    ({ element }) => element.codes !== undefined,
    (_value, place) => inPlace('no-such-code', place),
  ),
  operator(
    'a code in capitals',
    ({ element }) =>
      Object.values(element.codes ?? {})
        .flat()
        .every(code => code !== code.toUpperCase()) && element.codes !== undefined,
    (value, place) => inPlace(String(value).toUpperCase(), place),
  ),
  operator(
    'a concept without a code of its list',
    ({ element }) => element.bound !== undefined,
    () => ({ text: 'text' }),
  ),
  operator(
    'a concept with another code',
    ({ element }) => element.bound !== undefined,
    value => ({
      coding: [{ ...(value as { coding: Json[] }).coding[0], code: 'no-such-code' }],
    }),
  ),
  operator(
    'a concept of another system',
    ({ element }) => element.bound !== undefined,
    value => ({
      coding: [{ ...(value as { coding: Json[] }).coding[0], system: 'http://example.org/codes' }],
    }),
  ),
  operator(
    'no MIME type',
    ({ steps, datatype }) => datatype === 'code' && /contentType|Format$/.test(steps.at(-1)?.member ?? ''),
    () => 'text',
  ),
  operator(
    'no currency',
    ({ steps }) => steps.at(-1)?.member === 'currency',
    () => 'XYZ',
  ),
]

const beside = (
  name: string,
  applies: (place: Place) => boolean,
  change: (holder: Json, member: string, place: Place) => void,
): Operator => ({
  name,
  change: (resource, place) => {
    if (!applies(place)) return false
    change(holderOf(resource, place), place.steps.at(-1)?.member ?? '', place)
    return true
  },
})

const isExtensible = (place: Place): boolean =>
  isPrimitive(place) && !['id', 'div'].includes(place.steps.at(-1)?.member ?? '')

const WRONG_NEIGHBOURS: readonly Operator[] = [
  beside(
    'a required element missing',
    ({ element }) => element.min > 0,
    (holder, member) => {
      delete holder[member]
      holder.id ??= 'a'
    },
  ),
  beside('a misspelt element', always, (holder, member) => {
    holder[`${member}s`] = holder[member]
  }),
  beside('an element in capitals', always, (holder, member) => {
    holder[member.toUpperCase()] = holder[member]
    delete holder[member]
  }),
  beside(
    'two types of one choice',
    ({ element }) => element.types.length > 1,
    (holder, member, { element }) => {
      const stem = element.name.slice(0, -3)
      const other = [
        'String',
        'Boolean',
        'DateTime',
        'CodeableConcept',
        'Quantity',
        'Period',
        'Age',
        'Reference',
        'Uri',
        'Canonical',
        'Ratio',
        'Duration',
        'Range',
        'Date',
      ]
        .filter(type => element.types.some(each => each.toLowerCase() === type.toLowerCase()))
        .find(type => `${stem}${type}` !== member)
      holder[`_${stem}${other}`] = { extension: [{ url: 'urn:x', valueCode: 'x' }] }
    },
  ),
  beside(
    'a choice without its type',
    ({ element }) => element.name.endsWith('[x]'),
    (holder, member, { element }) => {
      holder[element.name.slice(0, -3)] = holder[member]
    },
  ),
  beside('a companion that is text', isExtensible, (holder, member) => {
    holder[`_${member}`] = 'text'
  }),
  beside('a companion of the other cardinality', isExtensible, (holder, member, place) => {
    holder[`_${member}`] = isList(place) ? { id: 'a' } : [{ id: 'a' }]
  }),
  beside('a companion with a value', isExtensible, (holder, member, place) => {
    holder[`_${member}`] = inPlace({ id: 'a', value: 1 }, place)
  }),
  beside('an empty companion', isExtensible, (holder, member, place) => {
    holder[`_${member}`] = inPlace({}, place)
  }),
  beside('a companion with an id and no value', isExtensible, (holder, member, place) => {
    holder[`_${member}`] = inPlace({ id: 'a' }, place)
    delete holder[member]
  }),
  beside('a companion of an object', isObject, (holder, member) => {
    holder[`_${member}`] = { id: 'a' }
  }),
  beside(
    'two elements with one id',
    ({ owner, type }) => owner !== type && owner !== 'Extension',
    holder => {
      holder.id = 'same'
      holder.extension = [{ id: 'same', url: 'urn:x', valueCode: 'x' }]
    },
  ),
  beside(
    'an unknown modifier extension',
    ({ owner, type }) => owner === type && type !== 'Binary',
    holder => {
      holder.modifierExtension = [{ url: 'urn:unknown', valueBoolean: true }]
    },
  ),
]

/** Every one makes something wrong, at the place or beside it. */
export const INVALID: readonly Operator[] = [...WRONG_VALUES, ...WRONG_SHAPES, ...WRONG_NEIGHBOURS]

/** Every one leaves the resource right. */
export const LEGAL: readonly Operator[] = [
  ...values('boolean', { 'the other one': false }),
  ...values('string markdown', {
    'a no-break space': '\u00a0',
    lines: 'a\r\n\tb',
    'an emoji': '\u{1f600}',
    spaces: ' a  b ',
  }),
  ...values('integer unsignedInt', { zero: 0, largest: 2147483647 }),
  ...values('decimal', { 'kept digits': '\u00001.10', exponent: 1e-7, negative: -0.5 }),
  ...values('date dateTime', { 'a year': '0001', 'a month': '2024-02', 'a leap day': '2024-02-29' }),
  ...values('dateTime instant', {
    'a leap second': '2016-12-31T23:59:60Z',
    'fractions and a zone': '2023-01-01T10:00:00.123456+14:00',
  }),
  ...values('time', { fractions: '23:59:59.999' }),
  ...values('base64Binary', { lines: 'aGVs\r\nbG8=', padding: 'aGVsbA==' }),
  ...values('uri url canonical', { urn: 'urn:oid:1.2.3', relative: 'a/b#c', version: 'http://example.org/a|1.0' }),
  ...values('xhtml', {
    entities: DIV('a &lt; b &#160; &amp; c'),
    table: DIV('<table class="x"><tbody><tr><td colspan="2">x</td></tr></tbody></table>'),
    image: DIV('<img src="#x" alt="a > b"/>'),
    comment: DIV('<!-- x -->y'),
  }),
  operator(
    'an id',
    isObject,
    object(value => ({ ...value, id: 'an-id' })),
  ),
  operator(
    'an unknown extension',
    isNoExtension,
    object(value => ({ ...value, extension: [{ url: 'urn:x', valueCode: 'x' }] })),
  ),
  operator(
    'nested extensions',
    isNoExtension,
    object(value => ({
      ...value,
      extension: [{ url: 'urn:x', extension: [{ url: 'y', valueCode: 'z' }] }],
    })),
  ),
  operator(
    'only an extension',
    place =>
      isObject(place) &&
      place.datatype !== 'Extension' &&
      place.element.bound === undefined &&
      !place.element.isModifier,
    (value, place) => inPlace({ ...(value as Json), extension: [{ url: 'urn:x', valueCode: 'x' }] }, place),
  ),
  operator(
    'a logical reference',
    isReference,
    object(() => ({ identifier: { system: 'urn:x', value: 'x' } })),
  ),
  operator(
    'a reference to a urn',
    isReference,
    object(() => ({ reference: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520' })),
  ),
  operator(
    'a reference elsewhere',
    isReference,
    object(() => ({ reference: 'https://example.org/anything' })),
  ),
  operator(
    'a reference to a target',
    hasTargets,
    object((_value, { element }) => ({ reference: `${element.targets?.[0]}/1/_history/2` })),
  ),
  beside('a companion', isExtensible, (holder, member, place) => {
    holder[`_${member}`] = inPlace({ id: 'a', extension: [{ url: 'urn:x', valueCode: 'x' }] }, place)
  }),
  beside(
    'an extension in place of a value in a list',
    place => isExtensible(place) && isList(place),
    (holder, member) => {
      holder[member] = [...(holder[member] as unknown[]), null]
      holder[`_${member}`] = [null, { extension: [{ url: 'urn:x', valueCode: 'x' }] }]
    },
  ),
  beside(
    'an extension in place of a value',
    place => isExtensible(place) && isSingle(place) && place.owner !== 'Extension',
    (holder, member) => {
      holder[`_${member}`] = { extension: [{ url: 'urn:x', valueCode: 'x' }] }
      delete holder[member]
    },
  ),
]
