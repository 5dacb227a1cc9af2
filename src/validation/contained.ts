import type { Json } from '../fhir/types.ts'
import { listOf } from './invariant.ts'
import { reportList } from './report.ts'
import { isObject, type Run, report } from './run.ts'

// The rules of contained resources: https://hl7.org/fhir/R4/references.html#contained

type Rule = (resource: Json, run: Run) => void

const isNotNested: Rule = (resource, run) => {
  if (resource.contained === undefined) return
  report(run, 'invariant', () => 'A contained resource may not contain another (dom-2)', 'contained')
}

const hasNoVersion: Rule = ({ meta }, run) => {
  for (const name of ['versionId', 'lastUpdated'])
    if (isObject(meta) && meta[name] !== undefined)
      report(run, 'invariant', () => `A contained resource has no ${name} of its own (dom-4)`, 'meta', name)
}

const hasNoLabel: Rule = ({ meta }, run) => {
  if (!isObject(meta) || meta.security === undefined) return
  report(run, 'invariant', () => 'A contained resource has no security label of its own (dom-5)', 'meta', 'security')
}

const RULES: readonly Rule[] = [isNotNested, hasNoVersion, hasNoLabel]

/** Every string that may be a link into the same document. */
function fragmentsIn(value: unknown, found: Set<string>): void {
  if (typeof value === 'string') {
    if (value.charCodeAt(0) === HASH) found.add(value)
  } else if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) fragmentsIn(member, found)
}

const HASH = 0x23

function checkLinks(list: readonly unknown[], run: Run): void {
  const all = new Set<string>()
  fragmentsIn(run.root, all)
  const ids = new Set<unknown>()
  for (const [index, resource] of list.entries()) {
    if (!isObject(resource)) continue
    const { id } = resource
    if (id !== undefined && ids.has(id)) {
      report(
        run,
        'invariant',
        () => 'Two contained resources have this id: each has one of its own',
        'contained',
        index,
        'id',
      )
    }
    ids.add(id)
    if (typeof id === 'string' && all.has(`#${id}`)) continue
    const own = new Set<string>()
    fragmentsIn(resource, own)
    if (own.has('#')) continue
    const text =
      id === undefined
        ? 'A contained resource needs an id, and a reference to it (dom-3)'
        : 'Nothing refers to this contained resource: a reference with # and its id is wanted (dom-3)'
    report(run, 'invariant', () => text, 'contained', index)
  }
}

/** The contained resources of a resource, each checked as a resource of its type by `check`, and dom-2 to dom-5. */
export function contained(value: unknown, check: (value: unknown, run: Run) => void, run: Run): void {
  if (!Array.isArray(value) || value.length === 0) reportList(value, 'contained', run)
  const list = listOf(value)
  const { ids, inContained } = run
  run.inContained = true
  for (const [index, resource] of list.entries()) {
    run.trail.push('contained', index)
    run.ids = undefined
    check(resource, run)
    if (isObject(resource)) for (const rule of RULES) rule(resource, run)
    run.trail.pop()
    run.trail.pop()
  }
  run.ids = ids
  run.inContained = inContained
  if (!inContained) checkLinks(list, run)
}
