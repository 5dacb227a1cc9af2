import { permit } from '../../access/permit.ts'
import { searchset } from '../../fhir/bundle.ts'
import { invalid } from '../../fhir/outcome.ts'
import { parseQuery, type Query } from '../../fhir/query.ts'
import { lastOfEach } from '../../store/lastn.ts'
import { searchableOf } from '../searchable.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'
import { linksOf, whatOf } from './pages.ts'

const MOST = 1000
/** The parameters of every resource that are conditions; the others shape a result, which is fixed here. */
const CONDITIONS = new Set(['_id', '_lastUpdated', '_tag', '_security', '_profile', '_source'])
const SUBJECTS = ['patient', 'subject']

function queryOf({ server, grant, input, definition }: Called): Query {
  if (!definition) throw new Error('$lastn is invoked on a type that is served')
  for (const [name] of input.searched)
    if (name.startsWith('_') && !CONDITIONS.has(name.split(/[:.]/)[0] ?? ''))
      throw invalid(
        `$lastn does not take ${name.slice(0, 60)}: its result is ordered and cut by code`,
        undefined,
        'not-supported',
      )
  const query = parseQuery(input.searched, searchableOf(definition, server.base))
  const hasSubject = query.clauses.some(({ param }) => SUBJECTS.includes(param))
  // Codes of several patients in one list would be mixed up; a patient's own token means her.
  if (!hasSubject && grant.patient === undefined)
    throw invalid('$lastn needs the patient or subject whose newest values are wanted', undefined, 'required')
  return query
}

/** https://hl7.org/fhir/R4/observation-operation-lastn.html */
async function run(called: Called): Promise<OperationAnswer> {
  const { server, db, grant, definition, input, requestId, now } = called
  if (!definition) throw new Error('$lastn is invoked on a type that is served')
  const permission = permit(grant, definition, 'search-type')
  const { clauses } = queryOf(called)
  const most = Math.min(Number(input.text('max') ?? 1), MOST)
  const access = { grant, requestId, interaction: 'operation', what: whatOf(called) }
  const matches = await lastOfEach(db, { permission, clauses, most }, access, now)
  const links = linksOf(called, undefined)
  const bundle = { matches, included: [], total: matches.length, warnings: [], links, updated: now }
  return { status: 200, headers: {}, body: searchset(server.base, bundle) }
}

/** Observation/$lastn. */
export const lastn: NamedOperation = {
  name: 'lastn',
  definition: 'http://hl7.org/fhir/OperationDefinition/Observation-lastn',
  documentation:
    'The newest max (1 without it) of each code, the code with the newest value first. Takes every search parameter of Observation; a system token has to name a patient or subject.',
  levels: { type: ['GET', 'POST'] },
  types: ['Observation'],
  affectsState: false,
  needs: { type: 'search-type' },
  searches: true,
  parameters: { max: { type: 'positiveInt' } },
  run,
}
