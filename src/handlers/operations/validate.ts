import { allows, permitRead } from '../../access/permit.ts'
import { parseJson } from '../../fhir/json.ts'
import { type Issue, invalid, notFound, outcome } from '../../fhir/outcome.ts'
import type { Json, ResourceType } from '../../fhir/types.ts'
import type { Interaction } from '../../resources/definition.ts'
import { validate as findings } from '../../validation/validate.ts'
import { profileIssues } from '../profile-checks.ts'
import { findCurrent } from '../read.ts'
import { codeIssues } from './code-issues.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'

const MODES = ['create', 'update', 'delete', 'profile'] as const
type Mode = (typeof MODES)[number]

function modeOf({ input }: Called): Mode | undefined {
  const text = input.text('mode')
  if (text === undefined) return undefined
  const mode = MODES.find(each => each === text)
  if (!mode) throw invalid(`mode must be one of ${MODES.join(', ')}, not "${text.slice(0, 40)}"`, undefined, 'value')
  return mode
}

/** The stored resource: what is checked when none is sent along. @throws FhirError 403, 404 */
async function storedOf(called: Called): Promise<Json> {
  const { server, grant, definition, id = '', requestId, path } = called
  if (!definition) throw new Error('$validate is invoked on types that are served')
  const access = { grant, requestId, interaction: 'operation', what: path }
  const found = await findCurrent(called, permitRead(grant, definition, id), id, access)
  if (found?.content === undefined) throw notFound(`There is no ${definition.type}/${id}`)
  return parseJson(found.content, { depth: server.maxDepth }).value as Json
}

/** What would keep this token from doing what the mode is about. */
function mayNot({ grant, definition }: Called, mode: Mode | undefined): Issue[] {
  if (mode === undefined || mode === 'profile' || !definition) return []
  const interaction: Interaction = mode
  if (allows(grant, definition, interaction)) return []
  const text = `This access token does not allow ${interaction} of ${definition.type}`
  return [{ severity: 'error', code: 'forbidden', text }]
}

/** https://hl7.org/fhir/R4/resource-operation-validate.html: an update has the id of its URL. */
function wrongId({ level, id, type }: Called, resource: Json | undefined, mode: Mode | undefined): Issue[] {
  if (level !== 'instance' || !resource || resource.id === id) return []
  const isMissing = resource.id === undefined
  if (isMissing && mode !== 'update') return []
  const text = isMissing
    ? `The resource has no id; the URL says "${id}"`
    : `The id of the resource is not "${id}", as the URL says`
  return [{ severity: 'error', code: 'invalid', text, expression: `${type}.id` }]
}

/** https://hl7.org/fhir/R4/resource-operation-validate.html: 200 whatever is found. */
async function run(called: Called): Promise<OperationAnswer> {
  const { server, input, level, type } = called
  const mode = modeOf(called)
  const sent = input.object('resource')
  if (!sent && level === 'type') throw invalid('$validate needs the resource to validate', undefined, 'required')
  // What is stored is read, and so permitted, also when only its deletion is asked about.
  const resource = sent ?? (await storedOf(called))
  const checked = mode === 'delete' ? [] : findings(resource, type as ResourceType).issues
  // Together, for both may have to wait for the terminology server.
  const beside =
    mode === 'delete'
      ? []
      : await Promise.all([profileIssues(server, resource, input.texts('profile')), codeIssues(server, resource)])
  const issues: Issue[] = [...checked, ...wrongId(called, sent, mode), ...mayNot(called, mode), ...beside.flat()]
  const isFine = issues.every(({ severity }) => severity === 'information')
  const fine: Issue[] = isFine
    ? [
        {
          severity: 'information',
          code: 'informational',
          text: mode === 'delete' ? 'It may be deleted' : 'Nothing is wrong with it',
        },
      ]
    : []
  return { status: 200, headers: {}, body: JSON.stringify(outcome([...fine, ...issues])) }
}

/** $validate, on a type and on one resource. */
export const validate: NamedOperation = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  documentation:
    'Checks against FHIR R4: elements, cardinality, datatypes, required codes, targets of references, narratives, contained resources and invariants. Codes that are not of an extensible or preferred value set are warnings; which codes could not be looked up is said in an information issue. Profiles that are loaded are checked when the resource claims them, when all of its type have to keep them, and when `profile` names them; what of them could not be checked, and which are not loaded, is said in information issues. On one resource without a body the stored one is checked.',
  levels: { type: ['POST'], instance: ['GET', 'POST'] },
  types: 'served',
  affectsState: false,
  takesResource: true,
  parameters: { resource: { type: 'Resource' }, mode: { type: 'code' }, profile: { type: 'canonical', max: '*' } },
  run,
}
