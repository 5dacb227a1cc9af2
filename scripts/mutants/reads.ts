import { mutantsOf } from './mutant.ts'

const LEAK = 'test/leak.test.ts'
const LIMITED = 'test/leak-granular.test.ts'
const REACH = 'test/reach.test.ts'
const RELEASE = 'test/release.test.ts'
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
        'a read that shares no statement is of anybody',
        "where r.id = ${id} and ${visibleTo(permission, raw('r'), now)}),",
        'where r.id = ${id}),',
        [WRITES, LIMITED],
      ],
      [
        'an old version is judged as the resource is now',
        "where ${visibleTo(permission, raw('v'), now)} and not exists (",
        'where not exists (',
        [RELEASE, LIMITED],
      ],
      [
        'the versions of what was taken from her are hers',
        "r where r.id = ${id} and not ${visibleTo(permission, raw('r'), now)})`",
        'r where r.id = ${id} and false)`',
        [RELEASE, LIMITED],
      ],
      [
        'that something was deleted is told to anybody',
        "      and ${visibleTo(permission, raw('h'), now)} and not exists",
        '      and not exists',
        [LEAK, RELEASE],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/history.ts',
    [RELEASE, LIMITED],
    [
      ['a history shows versions of anybody', "    visibleTo(permission, raw('v'), now),\n", ''],
      [
        'a history shows the past of what was taken from her',
        "    sql`not exists (select from ${name(table)} r where r.id = v.id and not ${visibleTo(permission, raw('r'), now)})`,\n",
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/search.ts',
    [LEAK],
    [['a search finds anybody’s', "    visibleTo(permission, raw('r'), now),\n", '']],
  ),
  ...mutantsOf(
    'src/store/list.ts',
    [LEAK],
    [['a list shows anybody’s', " r where ${visible(permission, raw('r'), () => ASKER)}`", ' r where true`']],
  ),
  ...mutantsOf('src/store/include.ts', [LEAK, REACH], [['an include brings along anybody’s', ` ${SEEN}\``, '`']]),
  ...mutantsOf(
    'src/store/matches-link.ts',
    [LEAK, LIMITED],
    [
      [
        'a chain goes through anybody’s',
        'all([visibleTo(permission, row, now), condition(link.clause, rows)])',
        'condition(link.clause, rows)',
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
      ['what is outside of the scope is patched and deleted', '    there.delete(keyOf(intent))\n', ''],
      [
        'what leaves the scope by a write is written',
        'if (first) throw beyondScopes(writer.grant, first,',
        'if (first && false) throw beyondScopes(writer.grant, first,',
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
    'src/handlers/page-link.ts',
    ['test/handlers/page-link.test.ts'],
    [
      ['a page link is anybody’s', 'Buffer.from(JSON.stringify([subject, client, patient]))', "Buffer.from('')"],
      [
        'a page link is for another person too',
        'JSON.stringify([subject, client, patient])',
        'JSON.stringify([client, patient])',
      ],
      [
        'a page link is for another app too',
        'JSON.stringify([subject, client, patient])',
        'JSON.stringify([subject, patient])',
      ],
      [
        'a page link is for another patient too',
        'JSON.stringify([subject, client, patient])',
        'JSON.stringify([subject, client])',
      ],
      ['a page link is for another type too', 'if (sealedType !== type) throw wrong', ''],
      ['a page link may be spelt differently', " || bytes.toString('base64url') !== sealed", ''],
    ],
  ),
]
