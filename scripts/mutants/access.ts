import { mutantsOf } from './mutant.ts'

const SCOPES = 'test/access/scopes.test.ts'
const PERMIT = 'test/access/permit.test.ts'
const LETTERS = 'test/access/letters.test.ts'
const USER = 'test/access/user-scopes.test.ts'
const GRANULAR = 'test/access/granular.test.ts'
const WRITES = 'test/handlers/within-scopes.test.ts'
const GRANT = 'test/access/grant.test.ts'

/** The checks of who may: src/access. */
export const access = [
  ...mutantsOf(
    'src/access/grant.ts',
    [GRANT],
    [
      ['tokens that are bound to a key are honoured', 'if (claims.cnf !== undefined)', 'if (claims.cnf === 0)'],
      [
        'claims that are needed may be missing',
        "const NEEDED = ['sub', 'client_id', 'jti', 'exp'] as const",
        'const NEEDED = [] as const',
      ],
      [
        'claims may be of any kind',
        'claims[name] !== undefined && !isRight(claims[name])',
        'claims[name] === 0 && !isRight(claims[name])',
      ],
      ['a patient may be a reference', 'isText(value) && PATIENT_ID.test(value)', 'isText(value)'],
      ['a person without a patient is an engine', "return sub === client_id ? 'engine' : 'patient'", "return 'engine'"],
      [
        'a client with a patient is an engine',
        "if (patient === undefined) return sub === client_id ? 'engine' : 'patient'",
        "if (sub === client_id) return 'engine'",
      ],
      ['somebody else is the patient', 'act === undefined && fhirUser === `Patient/${patient}`', 'act === undefined'],
      [
        'who acts for her is the patient',
        'act === undefined && fhirUser === `Patient/${patient}`',
        'fhirUser === `Patient/${patient}`',
      ],
    ],
  ),
  ...mutantsOf(
    'src/access/scopes.ts',
    [SCOPES, LETTERS],
    [
      ['letters may stand in any order', 'c?r?u?d?s?)(?:', '[cruds]*)(?:'],
      ['the history of a type needs no search', "'history-type': 's'", "'history-type': 'r'", [LETTERS, SCOPES]],
      ['patch needs only reading', "patch: 'u'", "patch: 'r'", [LETTERS]],
      ['version 1 may have a query part', 'if (v1 !== undefined && query !== undefined) return undefined', ''],
      ['a scope counts in every context', 'scope.context === context && (scope.type', '(scope.type'],
      [
        'a scope counts for every type',
        "(scope.type === '*' || scope.type === type)",
        "(scope.type === '*' || scope.type !== '')",
      ],
      ['a scope counts for every letter', ' && scope.letters.includes(letter)', ''],
      [
        'a granular scope is for the whole type',
        'if (covering.some(({ query }) => query === undefined)) return {}',
        'if (covering.length > 0) return {}',
      ],
      ['a query part that cannot be enforced covers all', 'return query ? [query] : []', 'return [query ?? []]'],
      [
        'without a scope something is covered',
        'return within.length > 0 ? { within } : undefined',
        'return { within }',
        [PERMIT, LETTERS],
      ],
      [
        'a client may have any part of what it may have one part of',
        '(each.query === undefined || each.query === query)',
        'true',
      ],
      ['a person is granted system/ scopes', "launch: ['patient', 'user'],", "launch: ['patient', 'user', 'system'],"],
      ['a backend service is granted patient/ scopes', "backend: ['system'],", "backend: ['system', 'patient'],"],
      [
        'what cannot be enforced is granted',
        'if (scope.query !== undefined && scopeFault(scope.type, scope.query) !== undefined) return []',
        '',
      ],
      ['letters that nobody may use are granted', 'declared.has(letter as Letter) && isAllowed', 'isAllowed'],
      [
        'a client is granted what it is not registered for',
        'declared.has(letter as Letter) && isAllowed(allowed, scope, letter as Letter)',
        'declared.has(letter as Letter)',
      ],
      [
        'context scopes are granted to whom they are not registered for',
        "flow === 'launch' && allowedTexts.has(text)",
        "flow === 'launch'",
      ],
      [
        'context scopes are granted to backend services',
        "flow === 'launch' && allowedTexts.has(text)",
        'allowedTexts.has(text)',
      ],
      [
        'the scopes of hospital systems are granted to apps',
        "flow === 'backend' && allowedTexts.has(text)",
        'allowedTexts.has(text)',
        [SCOPES],
      ],
      ['no query part is named as unenforceable', 'return fault === undefined ? [] :', 'return fault !== null ? [] :'],
    ],
  ),
  ...mutantsOf(
    'src/access/granular.ts',
    [GRANULAR],
    [
      [
        'strings, dates and quantities may limit a scope',
        "return (stored === 'interned' || stored === 'keys') && type !== 'composite'",
        "return type !== 'composite'",
      ],
      [
        'modifiers and chains may limit a scope',
        'if (!known.includes(name))',
        "if (!known.includes(name.split(/[:.]/)[0] ?? ''))",
      ],
      ['a plus is a plus', "if (text.includes('+')) return undefined", ''],
      [
        'part of a query that is not understood is passed over',
        "if (typeof clause === 'string') return { fault: clause }",
        "if (typeof clause === 'string') continue",
      ],
      [
        'a query on all types may name what some have',
        'search: COMMON }',
        "search: definitionOf('Observation')?.search ?? COMMON }",
      ],
    ],
  ),
  ...mutantsOf(
    'src/access/permit.ts',
    [PERMIT, USER],
    [
      [
        'an engine’s patient/ scopes count',
        "if (actor === 'engine') return ['system']",
        "if (actor === 'engine') return ['system', 'patient']",
        [PERMIT, LETTERS],
      ],
      [
        'a practitioner’s user/ scopes count',
        "return STAFF.test(fhirUser ?? '') ? contexts : [...contexts, 'user']",
        "return [...contexts, 'user']",
        [USER],
      ],
      [
        'scopes of a context that is not hers count',
        'contextsOf(grant).includes(context) ?',
        'context !== undefined ?',
        [PERMIT, USER],
      ],
      ['what no declaration opens is open', 'definition.may[actor]?.includes(interaction) ?? false', 'true'],
      [
        'a Binary is seen through what may not be read',
        "&& coveredBy(grant, context, each, 'read')",
        "&& (coveredBy(grant, context, each, 'read') ?? {})",
      ],
      ['a Binary is seen through what is everybody’s', '.filter(each => Array.isArray(each.compartment))', ''],
      [
        'a Binary is seen through what the actor may not read',
        "actors.every(actor => mayDo(each, actor, 'read')) && ",
        '',
        [PERMIT],
        'every type that may refer to a Binary is open to all who read any today; the check waits for the first that is not',
      ],
      [
        'what is not declared for her is open to patient/ scopes',
        'patient === undefined || !mayDo(definition, actor, interaction)) return []',
        'patient === undefined) return []',
      ],
      [
        'what is not declared for anybody is open to user/ scopes',
        'if (!scopes || !(own || others)) return []',
        'if (!scopes) return []',
        [USER, PERMIT],
      ],
      [
        'the topic of a type is everybody’s',
        "return [{ kind: 'patient', person, patient, topic: definition.topic,",
        "return [{ kind: 'patient', person, patient, topic: 'shared',",
        ['test/reach.test.ts'],
      ],
      [
        'the topic of a type is everybody’s in user/ scopes',
        'person: grant.subject, topic: definition.topic,',
        "person: grant.subject, topic: 'shared',",
        [USER],
      ],
      [
        'an engine does what is not declared for it',
        "return scopes && mayDo(definition, 'engine', interaction) ? ",
        'return scopes ? ',
      ],
      [
        'fhirUser opens every resource of its type',
        'grant.fhirUser === `${definition.type}/${id}`',
        "(grant.fhirUser ?? '').startsWith(`${definition.type}/`)",
      ],
      ['fhirUser opens a resource without its scope', "&& grant.scopeTexts.has('fhirUser')", ''],
      ['fhirUser opens what is not declared', "!isSelf || !mayDo(definition, grant.actor, 'read')", '!isSelf'],
      [
        'limited scopes are whole ones',
        "permission.kind === 'everything' && permission.within === undefined",
        "permission.kind === 'everything'",
        [WRITES],
      ],
    ],
  ),
]
