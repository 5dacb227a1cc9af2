import { mutantsOf } from './mutant.ts'

const LEAK = 'test/leak.test.ts'
const LIMITED = 'test/leak-granular.test.ts'
const REACH = 'test/reach.test.ts'
const RELEASE = 'test/release.test.ts'
const WRITES = 'test/handlers/within-scopes.test.ts'

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
    ],
  ),
]
