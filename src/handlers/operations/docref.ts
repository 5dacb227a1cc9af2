import { permit } from '../../access/permit.ts'
import { searchset } from '../../fhir/bundle.ts'
import { rangeOf } from '../../fhir/dates.ts'
import type { Issue } from '../../fhir/outcome.ts'
import { type Clause, parseQuery } from '../../fhir/query.ts'
import { findDocuments } from '../../store/docref.ts'
import { searchableOf } from '../searchable.ts'
import type { Coding } from './input.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'
import { linksOf, whatOf } from './pages.ts'

const PAGE = 100

/** https://hl7.org/fhir/R4/search.html#escaping */
const escaped = (text: string): string => text.replace(/[\\,|$]/g, '\\$&')

const tokenOf = ({ system, code }: Coding): string =>
  system === undefined ? escaped(code ?? '') : `${escaped(system)}|${escaped(code ?? '')}`

/** What of the request a search would say; without dates those documents that are current. */
function clausesOf({ server, definition, input }: Called): readonly Clause[] {
  if (!definition) throw new Error('$docref is invoked on a type that is served')
  const isDated = input.text('start') !== undefined || input.text('end') !== undefined
  const types = input.codings('type').map(tokenOf)
  const profiles = input.texts('profile').map(escaped)
  const params: [string, string][] = [
    ['patient', `Patient/${input.text('patient')}`],
    isDated ? ['status:not', 'entered-in-error'] : ['status', 'current'],
    ...(types.length > 0 ? [['type', types.join(',')] as [string, string]] : []),
    // What a document conforms to is said by the format of its content.
    ...(profiles.length > 0 ? [['format', profiles.join(',')] as [string, string]] : []),
  ]
  return parseQuery(params, searchableOf(definition, server.base)).clauses
}

const NO_GENERATION: Issue = {
  severity: 'information',
  code: 'not-supported',
  text: 'Documents are not generated on demand here. Without on-demand=true the existing documents are returned.',
}

/** https://hl7.org/fhir/uv/ipa/OperationDefinition-docref.html */
async function run(called: Called): Promise<OperationAnswer> {
  const { server, db, grant, definition, input, cursor, requestId, now } = called
  if (!definition) throw new Error('$docref is invoked on a type that is served')
  const permission = permit(grant, definition, 'search-type')
  const clauses = clausesOf(called)
  const onlyOnDemand = input.text('on-demand') === 'true'
  const [start, end] = ['start', 'end'].map(name => rangeOf(input.text(name) ?? ''))
  const care = start || end ? { low: start?.lo ?? -Infinity, high: end?.hi ?? Infinity } : undefined
  const access = { grant, requestId, interaction: 'operation', what: whatOf(called) }
  const wanted = { permission, clauses, care, after: cursor, count: onlyOnDemand ? 0 : PAGE }
  const { found, next } = await findDocuments(db, wanted, access, now)
  const body = searchset(server.base, {
    matches: found,
    included: [],
    total: cursor || next ? undefined : found.length,
    warnings: onlyOnDemand ? [NO_GENERATION] : [],
    links: linksOf(called, next),
    updated: now,
  })
  return { status: 200, headers: {}, body }
}

/** DocumentReference/$docref. */
export const docref: NamedOperation = {
  name: 'docref',
  definition: 'http://hl7.org/fhir/uv/ipa/OperationDefinition/docref',
  documentation:
    'Existing documents of the patient: without start and end the current ones, with them those of care in that time (context.period, else date). Of several types or profiles any one suffices; a profile is compared with content.format. No document is generated: on-demand=true finds none and says so.',
  levels: { type: ['GET', 'POST'] },
  types: ['DocumentReference'],
  affectsState: false,
  needs: { type: 'search-type' },
  pages: true,
  parameters: {
    patient: { type: 'id', min: 1 },
    start: { type: 'dateTime' },
    end: { type: 'dateTime' },
    type: { type: 'Coding', max: '*' },
    'on-demand': { type: 'boolean' },
    profile: { type: 'canonical', max: '*' },
  },
  run,
}
