import { mutantsOf } from './mutant.ts'

const OTHERS = 'test/attacks/page-of-another-person.test.ts'
const ACCOUNT = 'test/smart/account/session.test.ts'
const APPS = 'test/smart/account/apps.test.ts'
const ACCESS = 'test/smart/account/access.test.ts'
const PEOPLE = 'test/store/people.test.ts'

/** The checks of whose apps and whose record: people, the pages of an account. */
export const account = [
  ...mutantsOf(
    'src/store/people.ts',
    [PEOPLE],
    [
      ['an account that is closed is found', "where id = $1 and state = 'active'\",", 'where id = $1",'],
      [
        'a record is offered before a Consent begins',
        'and r.begins <= ${now} and ${now} < r.ends',
        'and ${now} < r.ends',
      ],
      [
        'a record is offered after a Consent ended',
        'and r.begins <= ${now} and ${now} < r.ends',
        'and r.begins <= ${now}',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/account/session.ts',
    [ACCOUNT],
    [
      [
        'scripts read the cookie of the account',
        'Path=/; HttpOnly; SameSite=Lax${secure}`)\n  return id',
        'Path=/; SameSite=Lax${secure}`)\n  return id',
        ['test/attacks/cookie-flags.test.ts'],
      ],
      [
        'other sites send the cookie of the account',
        'Path=/; HttpOnly; SameSite=Lax${secure}`)\n  return id',
        'Path=/; HttpOnly${secure}`)\n  return id',
        ['test/attacks/cookie-flags.test.ts'],
      ],
      [
        'of two cookies the first is taken',
        'found.length === 1 && id !== undefined',
        'id !== undefined',
        ['test/attacks/cookie-flags.test.ts', 'test/attacks/session-fixation.test.ts'],
      ],
      [
        'the session of before the sign-in goes on',
        'if (before !== undefined) await endSession(pool, before)',
        '',
        ['test/attacks/session-fixation.test.ts'],
      ],
      [
        'a sign-in keeps the identifier of before',
        'await beginSession(pool, giveBrowserId(reply, config), person, clock())',
        'await beginSession(pool, before ?? giveBrowserId(reply, config), person, clock())',
        ['test/attacks/session-fixation.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/account-sessions.ts',
    [ACCOUNT],
    [
      ['a session outlives its account', " and p.state = 'active'\n", '\n'],
      [
        'a session that nobody uses goes on',
        '        and s.seen_at > $2::timestamptz - make_interval(secs => $3)\n',
        '        and $3::int > 0\n',
      ],
      [
        'a session goes on for days',
        '        and s.created_at > $2::timestamptz - make_interval(secs => $4)\n',
        '        and $4::int > 0\n',
      ],
      [
        'a session outlives its sign-out',
        "text: 'delete from account_session where id_hash = $1'",
        "text: 'select from account_session where id_hash = $1'",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/account/apps.ts',
    [APPS, OTHERS],
    [
      [
        'access is said to be gone before it is',
        '  await options.revoked?.settled()\n',
        '',
        [APPS],
        'a race of microseconds: the set of revoked tokens hears of it a moment later; that waiting for it works is shown by test/store/revocations.test.ts',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/allowed-apps.ts',
    [APPS, OTHERS],
    [
      [
        'a person sees the apps of others',
        'where c.person = $1 and ${ALIVE}',
        'where $1::text is not null and ${ALIVE}',
        [OTHERS],
      ],
      [
        'a person takes back the apps of others',
        'where c.person = $1 and ($2::text is null',
        'where $1::text is not null and ($2::text is null',
        [OTHERS, APPS],
      ],
      [
        'taking back one record takes back another',
        ' and c.patient is not distinct from $3))`',
        ' and $3::text is not distinct from $3))`',
      ],
      ['an app whose access has ended is listed', 'where c.person = $1 and ${ALIVE}', 'where c.person = $1'],
    ],
  ),
  ...mutantsOf(
    'src/smart/account/access.ts',
    [ACCESS, OTHERS],
    [
      ['who acts in some topics sees who looked', "self || topics.includes('*')", 'self || topics.length > 0'],
      [
        'an address names any record',
        'const chosen = records.find(({ key }) => key === asked.of) ?? records[0]',
        "const chosen = records.find(({ key }) => key === asked.of) ?? (typeof asked.of === 'string' ? { patient: asked.of, self: true, name: '', words: '', topics: ['*'], actor: '', key: '' } : records[0])",
        [OTHERS],
      ],
      ['looking at the list is in no record', '      await auditView(options, request, session, chosen)\n', ''],
    ],
  ),
  ...mutantsOf(
    'src/store/record-access.ts',
    ['test/store/record-access.test.ts'],
    [
      ['that something is held back is told by who looked at it', ' and shown_from <= ${now}\n', '\n'],
      [
        'the list has who looked at others',
        'where patient = ${patient} and hour <',
        "where ${patient}::text <> '' and hour <",
      ],
    ],
  ),
]
