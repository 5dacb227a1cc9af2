import { boundary, timestamp } from '../fhir/dates.ts'
import {
  datesOf,
  elementsOf,
  foldString,
  holdersOf,
  quantitiesOf,
  referencesOf,
  stringsOf,
  type Token,
  tokensOf,
  urisOf,
} from '../fhir/extract.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Json, ResourceOf, ResourceType } from '../fhir/types.ts'
import type { Definition, Release } from '../resources/definition.ts'
import { indexKey, pairKey, referenceKey, textKey, tokenKeys, typedKey, uriKey } from './hash.ts'
import { NAMES_STRANGER, ownerOf, targetOf } from './row-patient.ts'
import { type QuantityRow, quantityRow } from './row-quantity.ts'
import { formsOf, keysOfTokens, keysWithoutCode } from './row-token.ts'

/** A set of codes that the dictionary has to know: its hash, its text, and the keys that find it. */
export type TokenSet = { readonly cc: string; readonly doc: string; readonly keys: readonly string[] }

/** What is kept of a resource beside its text, so that it is found and judged without reading the text. */
export type IndexRow = {
  patient: string
  releaseAt: string
  dateLo: string
  dateHi: string
  /** The interned sets, by parameter. */
  sets: Map<string, TokenSet>
  keys: Set<string>
  /** `param>Type/id`: the literal references, for includes. */
  refs: Set<string>
  /** The keys of Patients' identifiers that it names her by while no Patient carries them. */
  awaits: Set<string>
  strings: { param: string; folded: string; exact: string }[]
  dates: { param: string; lo: string; hi: string }[]
  quantities: QuantityRow[]
  /** What the dictionary of texts has to know, by key: texts of tokens as they are compared, and urls. */
  texts: Map<string, { param: string; words: string }>
}

const PATIENT = 'Patient/'
const ATTACHED = /"url":"((?:[^"]*\/)?)(Binary\/[A-Za-z0-9\-.]{1,64})"/g

const releaseText = (release: Release): string => {
  if (release === 'now') return '-infinity'
  return release === 'never' ? 'infinity' : timestamp(release.getTime())
}

type Context = {
  readonly definition: Definition
  readonly resource: Json
  readonly row: IndexRow
  readonly base: string
}

function intern({ row }: Context, param: string, doc: string, keys: string[]): void {
  if (keys.length > 0) row.sets.set(param, { cc: indexKey(`${param}\n${doc}`), doc, keys: keys.map(indexKey) })
}

function addKeys({ row }: Context, param: string, keys: string[]): void {
  if (keys.length > 0) for (const key of [...keys, tokenKeys.present(param)]) row.keys.add(indexKey(key))
}

function addTokens(context: Context, param: string, { stored }: SearchParam): void {
  const tokens = tokensOf(context.definition.type, param, context.resource)
  const { doc, keys } = keysOfTokens(param, tokens)
  if (stored === 'interned') intern(context, param, doc, keys)
  else addKeys(context, param, keys)
  addKeys(context, param, keysWithoutCode(param, tokens))
  for (const { code = '', text, types = [] } of tokens) {
    if (text !== undefined) addText(context, param, foldString(text))
    for (const type of types) context.row.keys.add(indexKey(typedKey(param, type.system, type.code, code)))
  }
}

/** The texts of tokens are many in words but few in number: each is a key, which a dictionary finds by its beginning. */
function addText({ row }: Context, param: string, folded: string): void {
  if (folded === '') return
  const key = indexKey(textKey(param, folded))
  row.keys.add(key)
  row.texts.set(key, { param: `${param}:text`, words: folded })
}

function addUris(context: Context, param: string, { stored }: SearchParam): void {
  const uris = [...new Set(urisOf(context.definition.type, param, context.resource))].sort()
  // A canonical is found with and without its version.
  const bare = uris.map(uri => uri.split('|', 1)[0] ?? '')
  const keys = [...new Set([...uris, ...bare])].map(uri => uriKey(param, uri))
  for (const uri of uris) context.row.texts.set(indexKey(uriKey(param, uri)), { param, words: uri })
  if (stored === 'interned') intern(context, param, uris.join('\n'), keys)
  else addKeys(context, param, keys)
}

function addReferences({ definition, resource, row, base }: Context, param: string, { stored }: SearchParam): void {
  const references = referencesOf(definition.type, param, resource)
  // One that says a name only, or what is contained, leads nowhere but is there: `:missing` asks for no more.
  if (references.length === 0 && elementsOf(definition.type, param)(resource).length > 0)
    row.keys.add(indexKey(tokenKeys.present(`${param}:identifier`)))
  for (const referred of references) {
    const target = targetOf(referred, base)
    if (target !== undefined) {
      row.refs.add(`${param}>${target}`)
      // The one patient of a row is in its own column, unless it changes with what the row follows; a key beside it would
      // only make the index bigger.
      const inColumn = stored === 'patient' && !definition.follows && target === `${PATIENT}${row.patient}`
      if (!inColumn) row.keys.add(indexKey(referenceKey(param, target)))
      // A reference to one version is found as one to the resource, too.
      if (referred.version !== undefined)
        row.keys.add(indexKey(referenceKey(param, `${target}/_history/${referred.version}`)))
      const [bare = ''] = target.split('/_history/')
      if (bare !== target) row.keys.add(indexKey(referenceKey(param, bare)))
    }
    if (!referred.identifier) continue
    const { system, value } = referred.identifier
    const identifier: Token = { ...(system !== undefined && { system }), ...(value !== undefined && { code: value }) }
    row.keys.add(indexKey(tokenKeys.present(`${param}:identifier`)))
    for (const key of formsOf(`${param}:identifier`, identifier)) row.keys.add(indexKey(key))
  }
}

function addDates({ definition, resource, row }: Context, param: string, { stored }: SearchParam): void {
  const spans = datesOf(definition.type, param, resource)
  if (spans.length === 0) return
  if (stored === 'main') {
    row.dateLo = boundary(Math.min(...spans.map(span => span.lo)))
    row.dateHi = boundary(Math.max(...spans.map(span => span.hi)))
  } else for (const { lo, hi } of spans) row.dates.push({ param, lo: boundary(lo), hi: boundary(hi) })
}

function addStrings({ definition, resource, row }: Context, param: string): void {
  for (const exact of new Set(stringsOf(definition.type, param, resource)))
    row.strings.push({ param, folded: foldString(exact), exact })
}

/** The composite of a declaration whose second part are these quantities, with the hashes that stand beside them. */
function composedOf({ search }: Definition, param: string): readonly [composite: string, first: string] | undefined {
  for (const [name, { stored, of = [] }] of Object.entries(search))
    if (stored === 'pairs' && of[1] === param && of[0] !== undefined) return [name, of[0]]
  return undefined
}

function addQuantities({ definition, resource, row }: Context, param: string): void {
  const { type } = definition
  const composed = composedOf(definition, param)
  if (!composed) {
    for (const quantity of quantitiesOf(type, param, resource)) row.quantities.push(quantityRow(param, quantity))
    return
  }
  const [composite, first] = composed
  for (const holder of holdersOf(type, param, resource)) {
    const firsts = tokensOf(type, first, holder).flatMap(token => formsOf('', token))
    const pairs = firsts.map(form => indexKey(pairKey(composite, form)))
    for (const quantity of quantitiesOf(type, param, holder))
      row.quantities.push({ ...quantityRow(param, quantity), ...(pairs.length > 0 ? { pairs } : {}) })
  }
}

/** The texts by which one part of a pair is found. */
function partForms({ definition, base }: Context, param: string, holder: Json): string[] {
  const { type } = definition
  if (definition.search[param]?.type === 'token')
    return tokensOf(type, param, holder).flatMap(each => formsOf('', each))
  return referencesOf(type, param, holder).flatMap(each => {
    const target = targetOf(each, base)
    return target === undefined ? [] : [referenceKey('', target)]
  })
}

function addComposites(context: Context, param: string, { stored, of = [] }: SearchParam): void {
  const [first = '', second = ''] = of
  const { definition, resource } = context
  if (stored !== 'pairs' || definition.search[second]?.type === 'quantity') return
  const keys = holdersOf(definition.type, first, resource).flatMap(holder => {
    const others = partForms(context, second, holder)
    return partForms(context, first, holder).flatMap(one => others.map(other => pairKey(param, one, other)))
  })
  addKeys(context, param, keys)
}

const ADD: Record<SearchParam['type'], (context: Context, param: string, declared: SearchParam) => void> = {
  token: addTokens,
  uri: addUris,
  reference: addReferences,
  date: addDates,
  string: addStrings,
  quantity: addQuantities,
  composite: addComposites,
}

/**
 * All index values of a resource, by its declaration. `content` is its text, in which references to a Binary are
 * found wherever an Attachment may stand; `base` is the FHIR base that its references may carry.
 */
export function rowOf(
  definition: Definition,
  id: string,
  resource: Json,
  content: string,
  base: string,
  now: Date,
): IndexRow {
  const release = definition.release?.(resource as unknown as ResourceOf<ResourceType>, now) ?? 'now'
  const owner = ownerOf(definition, id, resource, base)
  const row: IndexRow = {
    patient: owner.patient,
    releaseAt: releaseText(release),
    dateLo: '-infinity',
    dateHi: 'infinity',
    sets: new Map(),
    keys: new Set(),
    refs: new Set(),
    awaits: new Set(owner.awaits),
    strings: [],
    dates: [],
    quantities: [],
    texts: new Map(),
  }
  if (definition.follows && owner.namesStranger) row.keys.add(NAMES_STRANGER)
  const context = { definition, resource, row, base }
  for (const [param, declared] of Object.entries(definition.search))
    if (declared.stored !== 'either') ADD[declared.type](context, param, declared)
  if (content.includes('Binary/'))
    // What another server calls so is another file: its ids say nothing of ours.
    for (const [, server = '', binary = ''] of content.matchAll(ATTACHED))
      if (server === '' || server === `${base}/`) row.keys.add(indexKey(referenceKey('attachment', binary)))
  return row
}
