import { mutantsOf } from './mutant.ts'

const BUNDLE = 'test/handlers/bundle.test.ts'
const RACES = 'test/handlers/races.test.ts'
const IDENTITIES = 'test/store/resolve.test.ts'

/** What holds for every write, and how long a request may take. */
export const writes = [
  ...mutantsOf(
    'src/handlers/write.ts',
    ['test/handlers/write.test.ts'],
    [
      [
        'a write does not ask for itself whether it is permitted',
        '  checkPermissions(writer.grant, intents)\n',
        '  if (intents.length < 0) checkPermissions(writer.grant, intents)\n',
        undefined,
        'the ways of requests and entries ask before it, and hideOutside() behind it: it is the middle one of three',
      ],
      [
        'references by identifier lead nowhere',
        "if (writer.grant.actor === 'engine') await linkReferences(db, writer, known)",
        "if (writer.grant.actor !== 'engine') await linkReferences(db, known)",
        [BUNDLE],
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/identify.ts',
    [RACES],
    [
      [
        'what is asked for by another of its identifiers is made twice',
        'const values = [...named, ...carried].map(',
        'const values = [...named, ...carried.slice(carried.length)].map(',
      ],
      [
        'what is asked for in other words is made twice',
        '  await lockIdentities(db, identitiesOf(conditional))\n',
        '  await lockIdentities(db, identitiesOf(conditional.slice(conditional.length)))\n',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/resolve.ts',
    [IDENTITIES],
    [
      ['who names very many locks each', 'const isMany = named.size > most', 'const isMany = most < 0'],
      [
        'who names very many waits for nobody',
        'identities of ${type}`), alone: isMany }',
        'identities of ${type}`), alone: false }',
      ],
      [
        'the same identity is made by two at once',
        'key: indexKey(identity), alone: true',
        'key: indexKey(identity), alone: false',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/batch.ts',
    ['test/handlers/too-slow.test.ts'],
    [
      ['a batch reads for as long as it likes', '      checkTime(submission, entry)\n', ''],
      ['a batch leaves unwritten what came late', 'if (!isRead(entry) || server.clock()', 'if (server.clock()'],
    ],
  ),
  ...mutantsOf(
    'src/handlers/broken-requests.ts',
    ['test/handlers/broken-requests.test.ts'],
    [
      [
        'what is broken is answered before what was asked',
        "else if (last.req.complete) last.once('finish', () => close(socket, text))",
        'else if (last.req.complete) close(socket, text)',
      ],
      [
        'a request without a host is answered',
        "if (headers.host !== undefined || httpVersion === '1.0') return done()",
        "if (headers.host !== '' || httpVersion === '1.0') return done()",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/storable.ts',
    ['test/attacks/strange-input.test.ts', 'test/smart/registration.test.ts'],
    [['what nests without end is gone down into', 'if (depth === MOST_DEPTH) throw', 'if (depth === -1) throw']],
  ),
]
