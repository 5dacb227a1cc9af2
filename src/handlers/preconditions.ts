import { conflict, invalid, preconditionFailed } from '../fhir/outcome.ts'
import type { Current } from '../store/write.ts'
import type { Known } from './identify.ts'
import { atPlace, inPlace } from './intent.ts'

/** An entity tag, and what may stand around it in a list: https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3 */
const TAG = /[\s,]*(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?=,|$)[\s,]*/gy

/**
 * What an entity tag header names, or `*` for any: `W/"3"`, `"3"`, and lists of them. Tags are compared as weak ones,
 * which FHIR's are; one that no version of ours has is a tag still, of something else.
 * https://hl7.org/fhir/R4/http.html#concurrency
 * @throws FhirError 400 for what is no entity tag
 */
export function tagsOf(header: string, name: string): '*' | readonly string[] {
  if (header.trim() === '*') return '*'
  const tags = [...header.matchAll(TAG)]
  const read = tags.reduce((length, [whole]) => length + whole.length, 0)
  if (tags.length === 0 || read < header.length)
    throw invalid(`${name} must be a version like W/"3", not "${header.slice(read).trim().slice(0, 40)}"`)
  return tags.map(([, tag = '']) => tag)
}

/**
 * Whether a client that asks with If-None-Match has what a tag names: that tag, weak or strong, among others, or `*`. What is
 * no tag is passed over, so that it gets what it asks for. https://hl7.org/fhir/R4/http.html#cread
 */
export const isKnownTag = (ifNoneMatch: string, tag: string): boolean =>
  ifNoneMatch.split(',').some(each => ['*', `"${tag}"`].includes(each.trim().replace(/^W\//, '')))

const names = (tags: '*' | readonly string[], version: number): boolean =>
  tags === '*' || tags.includes(String(version))

/** What is wrong with the conditions of a write, in view of what is there. */
function broken({ ifMatch, ifNoneMatch, mustBeNew, definition, id }: Known, current: Current | undefined) {
  const name = `${definition.type}/${id}`
  const version = current?.content === undefined ? undefined : current.version
  const required = ifMatch === undefined ? undefined : tagsOf(ifMatch, 'If-Match')
  const excluded = ifNoneMatch === undefined ? undefined : tagsOf(ifNoneMatch, 'If-None-Match')
  if (version === undefined)
    return required && preconditionFailed(`${name} is not there (If-Match)`, 'conflict', 'RESOURCE_VERSION_MISMATCH')
  if (mustBeNew) return conflict(`The condition matches nothing, and ${name} is there already`, 'duplicate')
  if (excluded && names(excluded, version))
    return preconditionFailed(
      `${name} is there already${excluded === '*' ? '' : `, as W/"${version}"`} (If-None-Match)`,
    )
  if (required && !names(required, version))
    return preconditionFailed(
      `The current version is W/"${version}", not ${ifMatch} (If-Match)`,
      'conflict',
      'RESOURCE_VERSION_MISMATCH',
    )
  return undefined
}

/**
 * Holds a write to its conditions, with what it is about locked.
 * @throws FhirError 400 for no entity tag, 409 and 412 when a condition does not hold
 */
export function checkPreconditions(intent: Known, current: Current | undefined): void {
  const fault = inPlace(intent.place, () => broken(intent, current))
  if (fault) throw atPlace(fault, intent.place)
}
