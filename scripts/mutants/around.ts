import { mutantsOf } from './mutant.ts'

const NATIVE = 'test/handlers/native.test.ts'
const FIRST = 'test/handlers/permission-first.test.ts'
const EVERYTHING = 'test/handlers/operations/everything.test.ts'
const SEARCH = 'test/handlers/search.test.ts'
const LIMIT = 'test/handlers/rate-limit.test.ts'

/** What stands around the answers: how files are sent, who may ask how much, what is permitted before it is looked at. */
export const around = [
  ...mutantsOf(
    'src/handlers/native.ts',
    [NATIVE],
    [
      ['a browser guesses what a file is', "  'x-content-type-options': 'nosniff',\n", ''],
      ['a file acts in the name of the server', `{ 'content-security-policy': "default-src 'none'; sandbox" }`, '{}'],
      ['a page that somebody stored is shown as one', "SHOWN.has(type) ? 'inline' : 'attachment'", "'inline'"],
      [
        'a file says any type that it likes',
        'MEDIA_TYPE.test(stored) ? stored : OCTETS',
        'stored',
        undefined,
        'the library says of bytes that they are such where their type is none; asked here, so that it is not for it to remember',
      ],
      ['the id of a file is a name that its sender chose', '`${id}.${extension}`', '`${type}.${extension}`'],
    ],
  ),
  ...mutantsOf(
    'src/handlers/rate-limit.ts',
    [LIMIT],
    [
      ['there is no limit to what a client asks', 'if (count <= most) return', 'if (count >= 0) return'],
      [
        'one person’s app uses up what another person’s may ask',
        'JSON.stringify([client, subject])',
        'JSON.stringify([client])',
      ],
      ['one app uses up what another may ask', 'JSON.stringify([client, subject])', 'JSON.stringify([subject])'],
      ['who asked too much never asks again', '      sent.clear()\n', ''],
    ],
  ),
  ...mutantsOf(
    'src/handlers/plugin.ts',
    ['test/handlers/rest.test.ts', 'test/handlers/read.test.ts', 'test/handlers/authenticate.test.ts'],
    [
      [
        'a record stays in the cache of a shared computer',
        "    reply.header('cache-control', 'no-store')\n",
        '',
        ['test/handlers/negotiate.test.ts'],
      ],
      ['the limit of requests is not asked', '      count(request.grant)\n', '', [LIMIT]],
    ],
  ),
  ...mutantsOf(
    'src/handlers/errors.ts',
    ['test/handlers/errors.test.ts'],
    [
      [
        'a bug of ours tells what it was',
        "issue('exception', `Something went wrong here. Tell us the request's id: ${request.id}`)",
        "issue('exception', String((error as Error).message))",
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/operations/ways.ts',
    [FIRST],
    [
      [
        'the parameters of an operation are looked at before it is permitted',
        'if (definition && needed) permitInteraction(',
        'if (definition && needed && false) permitInteraction(',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/operations/everything.ts',
    [EVERYTHING],
    [
      [
        '$everything lists what may only be read',
        "isInRecords(definition) && allows(grant, definition, 'search-type'))\n      found.set(type, permit(grant, definition, 'search-type'))",
        "isInRecords(definition) && allows(grant, definition, 'read'))\n      found.set(type, permit(grant, definition, 'read'))",
      ],
      [
        'a type that is out of scope is passed over in silence',
        "if (!permissions.has(type)) permit(grant, definition, isShared(definition) ? 'read' : 'search-type')",
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/operations/meta-change.ts',
    ['test/handlers/operations/meta.test.ts'],
    [
      [
        'patients’ apps change labels',
        "if (grant.actor !== 'engine') throw forbidden('Labels are not changed by patients’ apps')",
        '',
        undefined,
        'no declaration lets a patient’s app update anything today; the check waits for the first that does',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/search.ts',
    [SEARCH],
    [
      [
        'a list that may not be read narrows a search',
        "const permission = list && permit(grant, list, 'read')",
        "const permission = list && permit({ ...grant, scopes: [...grant.scopes, ...grant.scopes.map(each => ({ ...each, type: '*' }))] }, list, 'read')",
      ],
      [
        'what is nobody’s is in a patient’s compartment',
        'if (!definition || !isInRecords(definition))',
        'if (!definition)',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/transaction.ts',
    [FIRST],
    [
      [
        'what a transaction sends is looked at before it is permitted',
        '  allOf(entries, each => inPlace(each.place, () => permitEntry(each, grant)))\n',
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/handlers/batch.ts',
    [FIRST],
    [
      [
        'what is refused within a batch is in no record',
        '    await audit(server.pool, [closed(lineOf(access, now), { status: known.status })])\n',
        '    closed(lineOf(access, now), { status: known.status })\n',
      ],
    ],
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
