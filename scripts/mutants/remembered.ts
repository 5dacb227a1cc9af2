import { mutantsOf } from './mutant.ts'

const CHOICES = 'test/store/choices.test.ts'
const LINES = 'test/store/audit-line.test.ts'
const LOOKED = 'test/store/record-access.test.ts'
const LOGOUT = 'test/smart/logout.test.ts'
const ACCESS = 'test/smart/account/access.test.ts'

/** What is remembered and recorded of whom, how long what was given lasts, and what ends with it. */
export const remembered = [
  ...mutantsOf(
    'src/store/choices.ts',
    [CHOICES],
    [
      [
        'what another person ticked is ticked',
        'from consent_choice where person = $1 and client_id = $2 and patient = $3',
        'from consent_choice where $1::text is not null and client_id = $2 and patient = $3',
      ],
      [
        'what was ticked for another app is ticked',
        'where person = $1 and client_id = $2 and patient = $3',
        'where person = $1 and $2::text is not null and patient = $3',
      ],
      [
        'what was ticked for another record is ticked',
        'where person = $1 and client_id = $2 and patient = $3',
        'where person = $1 and client_id = $2 and $3::text is not null',
      ],
      [
        'whom another person opened is offered first',
        "where person = $1 and client_id = $2 and patient <> ''",
        "where $1::text is not null and client_id = $2 and patient <> ''",
      ],
      [
        'what is not ticked this time stays ticked',
        'array(select unnest(c.ticked) except select unnest(excluded.asked)) || excluded.ticked',
        'c.ticked || excluded.ticked',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/audit.ts',
    ['test/store/audit.test.ts', LOOKED],
    [
      [
        'it is not recorded that an app reaches others too',
        "if (patient !== undefined && scopes.some(({ context }) => context === 'user')) asker.push(ALSO_OTHERS)",
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/audit-line.ts',
    [LINES, LOOKED],
    [
      [
        'what an app saw of others counts as hers',
        'isOnlyHers: patient !== null && end[0] !== ALSO_OTHERS',
        'isOnlyHers: patient !== null',
      ],
      ['what was refused counts as seen', '  if (status >= 400) return []\n', ''],
      ['that she looked at the list counts as a look at her record', " && interaction !== 'list-accesses'", ''],
    ],
  ),
  ...mutantsOf(
    'src/store/record-access.ts',
    [LOOKED],
    [
      [
        'whose an item is, is told by the line of an app that reaches others',
        'if (patient === undefined || !isOnlyHers) return undefined',
        'if (patient === undefined) return undefined',
      ],
      [
        'who looked at what is not released is told at once',
        "case when shown_from <= first_at then '-infinity' else shown_from end as shown",
        "'-infinity'::timestamptz as shown",
      ],
      [
        'a person sees when the apps of others were used',
        'from app_use where person = ${person}',
        "from app_use where ${person}::text <> ''",
      ],
      [
        'who looked at what is deleted is forgotten',
        'where h.id = any(${ids}::text[]) and not exists (select from ${name(table)} r where r.id = h.id)',
        'where false and h.id = any(${ids}::text[]) and not exists (select from ${name(table)} r where r.id = h.id)',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/account/access.ts',
    [ACCESS],
    [
      [
        'the name of a record in an address is good in another session',
        '.update(`${id} ${patient}`)',
        '.update(`${patient}`)',
        [ACCESS, 'test/attacks/page-of-another-person.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/logout.ts',
    [LOGOUT],
    [
      [
        'who does not want to sign out is signed out of her account',
        "if (!session || !('destroyed' in session)) return",
        'if (!session) return',
      ],
      [
        'the account stays open when an app signs the person out',
        '    await signOutOf(options, {',
        '    if (signIn.uid === undefined) await signOutOf(options, {',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/resource-server.ts',
    [LOGOUT],
    [
      [
        'a token outlives the sign-in that it was given for',
        'return Math.max(1, Math.min(LIFETIME.launch, left))',
        'return Math.max(LIFETIME.launch, left)',
      ],
      [
        'the token of an app is good for a day',
        'LIFETIME = { launch: 900,',
        'LIFETIME = { launch: 24 * 60 * 60,',
        ['test/smart/granted.test.ts'],
      ],
      [
        'the token of a system is good for a day',
        'backend: 300 }',
        'backend: 24 * 60 * 60 }',
        ['test/smart/clients.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/provider.ts',
    ['test/smart/granted.test.ts'],
    [
      ['a refresh token is good for years', 'RefreshToken: 90 * DAY', 'RefreshToken: 9000 * DAY'],
      ['what a person has allowed holds for ever', 'Grant: 365 * DAY', 'Grant: 36_500 * DAY'],
      ['a page waits for its person for a day', 'Interaction: 30 * 60,', 'Interaction: 24 * 60 * 60,'],
    ],
  ),
  ...mutantsOf(
    'src/smart/consent.ts',
    ['test/smart/consent.test.ts', 'test/smart/consent-routes.test.ts'],
    [
      [
        'a patient/ scope needs nobody’s record',
        "scope === 'launch' || scope === 'launch/patient' || parseScope(scope)?.context === 'patient'",
        "scope === 'launch' || scope === 'launch/patient'",
      ],
      [
        'who acts in some topics gives what belongs to none',
        "new Set<string>([...chosen.topics, 'shared', 'also'])",
        "new Set<string>([...chosen.topics, 'shared', 'also', 'record'])",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/network.ts',
    ['test/smart/network.test.ts'],
    [['a computer has as many networks as it likes', 'groups.slice(0, 4)', 'groups.slice(0, 8)']],
  ),
  ...mutantsOf(
    'src/store/tokens.ts',
    ['test/store/tokens.test.ts'],
    [
      [
        'a client that was disabled keeps the grants of people',
        "where model = 'Grant' and client_id = $1",
        "where model = 'Grant' and client_id = $1 and false",
        ['test/store/clients.test.ts'],
      ],
      [
        'what was stored under a grant stays when it goes',
        "text: 'delete from oidc_payload where grant_hash = any($1::bytea[])'",
        "text: 'select from oidc_payload where grant_hash = any($1::bytea[])'",
      ],
    ],
  ),
]
