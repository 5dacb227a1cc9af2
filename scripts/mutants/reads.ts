import { mutantsOf } from './mutant.ts'

const LEAK = 'test/leak.test.ts'
const LIMITED = 'test/leak-granular.test.ts'
const OPERATIONS = 'test/leak-operations.test.ts'
const SEVERAL = 'test/leak-several.test.ts'
const REACH = 'test/reach.test.ts'
const RELEASE = 'test/release.test.ts'
const HISTORIES = 'test/release-in-histories.test.ts'
const FIRST = 'test/handlers/permission-first.test.ts'
const WRITES = 'test/handlers/within-scopes.test.ts'

const SEEN = "and ${visibleTo(permission, raw('r'), now)}"

/** Where the predicate and the permissions are asked: reads, searches, what they lead to, Bundles and operations. */
export const reads = [
  ...mutantsOf(
    'src/store/read.ts',
    [LEAK],
    [
      [
        'a read by id is of anybody',
        "      where ${visible(permission, raw('r'), () => asker)}),",
        '      where true),',
        [REACH],
      ],
      [
        'what is asked by one topic is answered as asked by another',
        "${permission.kind === 'patient' ? permission.topic : ''}`",
        '`',
        ['test/store/read.test.ts'],
      ],
      [
        'what a patient’s app asks is answered as an engine asked it',
        "`${permission.definition.type} ${permission.kind} ${permission.kind === 'patient' ? permission.topic : ''}`",
        'permission.definition.type',
        ['test/store/read.test.ts'],
      ],
      [
        'a read that shares no statement is of anybody',
        "where r.id = ${id} and ${judge(permission, raw('r'))}),",
        'where r.id = ${id}),',
        [WRITES, LIMITED],
      ],
      [
        'an old version is judged as the resource is now',
        "where v.id = ${id} and ${judge(permission, raw('v'))} and ${isSeenNow(",
        'where v.id = ${id} and ${isSeenNow(',
        [HISTORIES, LIMITED],
      ],
      [
        'the versions of what was taken from her are hers',
        " and ${isSeenNow(permission, raw('v'), judge)}`",
        '`',
        [HISTORIES, LIMITED],
      ],
      [
        'that something was deleted is told to anybody',
        "          and ${judge(permission, raw('h'))} and ${isSeenNow(permission, raw('h'), judge)}\n",
        '',
        [LEAK, HISTORIES],
      ],
    ],
  ),
  ...mutantsOf('src/store/search.ts', [LEAK], [['a search finds anybody’s', "    judge(permission, raw('r')),\n", '']]),
  ...mutantsOf(
    'src/store/list.ts',
    [LEAK],
    [['a list shows anybody’s', " r where ${visible(permission, raw('r'), () => ASKER)}`", ' r where true`']],
  ),
  ...mutantsOf(
    'src/store/include.ts',
    [LEAK, REACH],
    [['an include brings along anybody’s', " and ${judge(permission, raw('r'))}`", '`']],
  ),
  ...mutantsOf(
    'src/store/matches-link.ts',
    [LEAK, LIMITED],
    [
      [
        'a chain goes through anybody’s',
        'all([judge(permission, row), condition(link.clause, rows)])',
        'condition(link.clause, rows)',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/everything.ts',
    [OPERATIONS, REACH],
    [
      [
        '$everything has what is not released',
        " and ${inTime(permission, care)} and ${visible(permission, raw('r'))}`",
        ' and ${inTime(permission, care)}`',
        [OPERATIONS, RELEASE],
      ],
      [
        '$everything has what anybody is referred to',
        " and r.id = n.id and r.patient = '' and ${visible(",
        ' and r.id = n.id and ${visible(',
      ],
      [
        '$everything has what is shared and not to be seen',
        " and r.id = n.id and r.patient = '' and ${visible(permission, raw('r'))}`",
        " and r.id = n.id and r.patient = ''`",
        ['test/handlers/operations/everything.test.ts'],
      ],
      [
        '$everything shows texts of anybody',
        "      where r.id = any(${ids}::text[]) and ${once.visible(permission, raw('r'))}`",
        '      where r.id = any(${ids}::text[])`',
        ['test/store/everything.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/lastn.ts',
    [OPERATIONS],
    [['$lastn has anybody’s values', "    visibleTo(permission, raw('r'), now),\n", '']],
  ),
  ...mutantsOf(
    'src/store/docref.ts',
    [OPERATIONS],
    [['$docref has anybody’s documents', "    visibleTo(permission, raw('r'), now),\n", '']],
  ),
  ...mutantsOf(
    'src/store/meta.ts',
    [OPERATIONS],
    [['$meta counts anybody’s labels', " r where ${visibleTo(permission, raw('r'), now)}`", ' r`']],
  ),
  ...mutantsOf(
    'src/store/narrow.ts',
    [SEVERAL],
    [
      [
        'a search by list goes by anybody’s list',
        " and ${visibleTo(permission, raw('l'), now)})`",
        ')`',
        ['test/handlers/search.test.ts'],
      ],
      [
        'a compartment holds anybody’s',
        'patient === undefined ? [] : [sql`r.patient = ${patient}`]',
        'patient === undefined ? [] : []',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/resolve.ts',
    [WRITES],
    [
      [
        'a conditional write finds what its scope does not cover',
        "const conditions = [visibleTo(permission, raw('r'), now), ...",
        'const conditions = [...',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/exists.ts',
    [WRITES],
    [
      [
        'what a granular scope does not cover can be written',
        ` ${SEEN}\`,\n  )\n  return new Set(rows`,
        '`,\n  )\n  return new Set(rows',
      ],
      [
        'a launch is made for an Encounter of anybody',
        ' and r.patient = ${patient})`',
        ')`',
        ['test/store/exists.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/within-scopes.ts',
    [WRITES],
    [
      [
        'what is outside of the scope is overwritten',
        "if (intent.method === 'PUT') throw beyondScopes",
        "if (intent.place === '?') throw beyondScopes",
      ],
      [
        'who may patch may read',
        'for (const intent of group) if (!read.has(intent.id)) unread.add(intent)',
        'for (const intent of group) if (!ids.includes(intent.id)) unread.add(intent)',
      ],
      [
        'what is wrong with a patch quotes what may not be read',
        '|| unread.size === 0 || ![400, 422].includes(error.status)) throw error',
        '|| unread.size >= 0) throw error',
      ],
      ['what is outside of the scope is patched and deleted', '    there.delete(keyOf(intent))\n', ''],
      [
        'what leaves the scope by a write is written',
        'if (first) throw beyondScopes(writer.grant, first,',
        'if (first && false) throw beyondScopes(writer.grant, first,',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/links.ts',
    [WRITES],
    [
      [
        'a conditional reference needs no scope',
        'if (!required || !definition) return ids',
        'if (definition) return ids',
      ],
      ['a conditional reference finds what is outside of the scope', 'ids.filter(id => seen.has(id))', 'ids.slice(0)'],
    ],
  ),
  ...mutantsOf(
    'src/handlers/identify.ts',
    [WRITES],
    [
      [
        'a conditional write by identifier finds what its scope does not cover',
        'if (identity && seesAll) {',
        'if (identity) {',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/way.ts',
    [FIRST, WRITES],
    [
      [
        'a conditional write tells what is there without the scope for searches',
        "  if (isConditional) permit(grant, definition, 'search-type')\n",
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/routes.ts',
    [FIRST],
    [
      [
        'what was sent is looked at before it is permitted',
        '        way.permit(request.grant, parts, conditionsOf(request))\n',
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/entry.ts',
    [FIRST, 'test/leak-writes.test.ts'],
    [['an entry of a batch needs no permission before it is looked at', '  permitEntry(entry, shared.grant)\n', '']],
  ),
  ...mutantsOf(
    'src/handlers/include-plan.ts',
    [LEAK, REACH, 'test/handlers/include.test.ts', 'test/access/letters.test.ts'],
    [
      [
        'what may be found may be brought along',
        "permission: permit(grant, candidate, 'read') }]",
        "permission: permit(grant, candidate, 'search-type') }]",
        ['test/access/letters.test.ts', 'test/handlers/include.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/operations/meta-change.ts',
    ['test/handlers/operations/meta.test.ts', OPERATIONS, WRITES, LIMITED],
    [
      [
        'labels of what the scope does not cover are changed',
        '!(await visibleAmong(db, permission, [id], now)).has(id)',
        'false',
      ],
    ],
  ),
]
