import type { Json } from '../../fhir/types.ts'
import { chosen, has, type Invariants, invariants, objectsOf } from '../invariant.ts'

const REQUESTS = ['batch', 'transaction', 'history']
const RESPONSES = ['batch-response', 'transaction-response', 'history']

const all = (bundle: Json, holds: (entry: Json) => boolean): boolean => objectsOf(bundle.entry).every(holds)
const isOf = ({ type }: Json, types: readonly string[]): boolean => types.includes(String(type))

/** Each of a set of names once. */
function hasUniqueUrls({ type, entry }: Json): boolean {
  if (type === 'history') return true
  const names = objectsOf(entry).flatMap(({ fullUrl, resource }) => {
    const { meta } = (resource ?? {}) as Json
    const { versionId = '' } = (meta ?? {}) as Json
    return fullUrl === undefined ? [] : [`${fullUrl}${versionId}`]
  })
  return new Set(names).size === names.length
}

/** The type of the first resource, which is what a document or message is about. */
function beginsWith({ entry }: Json, type: string): boolean {
  const { resource } = objectsOf(entry)[0] ?? {}
  return (resource as Json | undefined)?.resourceType === type
}

/** One and only one of a value, a resource and parts. */
function hasOneContent(parameter: Json): boolean {
  const there = [chosen(parameter, 'value') !== undefined, has(parameter, 'resource'), has(parameter, 'part')]
  return there.filter(Boolean).length === 1
}

/** Those of https://hl7.org/fhir/R4/bundle.html and https://hl7.org/fhir/R4/parameters.html, by the element that has them. */
export const BUNDLES: Readonly<Record<string, Invariants>> = {
  Bundle: invariants({
    'bdl-1': [
      bundle => !has(bundle, 'total') || isOf(bundle, ['searchset', 'history']),
      'Only a searchset or history has a total',
      'total',
    ],
    'bdl-2': [
      bundle => bundle.type === 'searchset' || all(bundle, entry => !has(entry, 'search')),
      'Only the entries of a searchset have a search',
    ],
    'bdl-3': [
      // Who takes the entries one by one asks each for its request.
      (bundle, { entries }) => !entries || all(bundle, entry => has(entry, 'request') === isOf(bundle, REQUESTS)),
      'Every entry of a batch, transaction or history has a request, and no other has one',
    ],
    'bdl-4': [
      bundle => all(bundle, entry => has(entry, 'response') === isOf(bundle, RESPONSES)),
      'Every entry of a response or history has a response, and no other has one',
    ],
    'bdl-7': [hasUniqueUrls, 'Each fullUrl may be there once, or once for each meta.versionId'],
    'bdl-9': [
      bundle => {
        const { system, value } = (bundle.identifier ?? {}) as Json
        return bundle.type !== 'document' || (system !== undefined && value !== undefined)
      },
      'A document needs an identifier with a system and a value',
      'identifier',
    ],
    'bdl-10': [
      bundle => bundle.type !== 'document' || bundle.timestamp !== undefined,
      'A document needs its timestamp',
      'timestamp',
    ],
    'bdl-11': [
      bundle => bundle.type !== 'document' || beginsWith(bundle, 'Composition'),
      'The first resource of a document is a Composition',
    ],
    'bdl-12': [
      bundle => bundle.type !== 'message' || beginsWith(bundle, 'MessageHeader'),
      'The first resource of a message is a MessageHeader',
    ],
  }),
  'Bundle.entry': invariants({
    'bdl-5': [
      entry => ['resource', 'request', 'response'].some(name => has(entry, name)),
      'An entry needs a resource, a request or a response',
    ],
    'bdl-8': [
      ({ fullUrl }) => typeof fullUrl !== 'string' || !fullUrl.includes('/_history/'),
      'A fullUrl does not name a version: what follows /_history/ does not belong to it',
      'fullUrl',
    ],
  }),
  'Parameters.parameter': invariants({
    'inv-1': [hasOneContent, 'A parameter has one of a value, a resource or parts'],
  }),
}
