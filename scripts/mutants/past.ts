import { mutantsOf } from './mutant.ts'

const LIMITED = 'test/leak-granular.test.ts'
const HISTORIES = 'test/release-in-histories.test.ts'
const CORRECTIONS = 'test/release-of-corrections.test.ts'

/** What a patient is shown of the past. */
export const past = [
  ...mutantsOf(
    'src/store/history.ts',
    [HISTORIES, LIMITED],
    [
      ['a history shows versions of anybody', "    judge(permission, raw('v')),\n", ''],
      ['a history shows the past of what was taken from her', "    isSeenNow(permission, raw('v'), judge),\n", ''],
    ],
  ),
  ...mutantsOf(
    'src/store/past.ts',
    [HISTORIES, LIMITED],
    [
      [
        'what was taken from a patient leaves its past with her',
        "r where r.id = ${v}.id and not ${judge(permission, raw('r'))})",
        'r where r.id = ${v}.id and false)',
      ],
      [
        'what was taken from a patient comes back when it is deleted',
        "isEnd(type, raw('d'))}\n      and not ${judge(permission, raw('d'))})`",
        "isEnd(type, raw('d'))}\n      and false)`",
      ],
      [
        'who had an id before decides about the past of who has it now',
        'and not exists (select from ${name(table)} c where c.id = ${h}.id)\n',
        '\n',
      ],
      ['an older deletion decides about the past', 'l.id = ${h}.id and l.ver > ${h}.ver', 'l.id = ${h}.id and false'],
      [
        'the wrong value is shown beside its correction',
        "if (definition.currentOnly) return raw('false')",
        "if (definition.currentOnly) return raw('true')",
        [CORRECTIONS],
      ],
      [
        'the file of a report is shown beside the one that took its place',
        "definition.compartment === 'referrers' ?",
        "definition.compartment === 'none' ?",
        [CORRECTIONS],
      ],
      [
        'that a result was deleted is not told',
        'any([isShownWhenReplaced(permission, h, isOfResult), isEnd(type, h)])',
        'any([isShownWhenReplaced(permission, h, isOfResult)])',
        [CORRECTIONS],
      ],
      [
        'the engine sees no version that was corrected',
        "permission.kind === 'everything'\n",
        'permission.kind === undefined\n',
        [CORRECTIONS],
      ],
    ],
  ),
]
