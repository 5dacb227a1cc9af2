import { mutantsOf } from './mutant.ts'

const GUESSING = 'test/attacks/guessing.test.ts'
const SIGN_IN = 'test/smart/sign-in.test.ts'
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
      [
        'a name that is written otherwise is another',
        "text.normalize('NFKC').trim().toLowerCase()",
        'text',
        [PEOPLE, GUESSING],
      ],
      [
        'guesses at the same time are not counted',
        '        where s.blocked_until <= $2 returning 1)',
        '        where true returning 1)',
        [SIGN_IN],
      ],
      ['the wait does not grow', 'power(2, least(s.failures + 1 - $3, 20))', '1', [SIGN_IN]],
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
      ['the record of the dead is offered', " and ${isOpen(raw('r.patient'))}", '', ['test/death.test.ts']],
      ['the user name of one person is the address of another', 'order by email_folded = $1 desc limit 1', 'limit 1'],
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
        'the cookie of the account goes over an open line',
        "const secure = isHttps(config) ? '; Secure' : ''\n  reply.header('set-cookie', `${cookieName(config)}=${id}",
        "const secure = isHttps(config) ? '' : ''\n  reply.header('set-cookie', `${cookieName(config)}=${id}",
        ['test/attacks/cookie-flags.test.ts'],
      ],
      [
        'a neighbour of the domain sets the cookie',
        "'__Host-portico' : 'portico'",
        "'portico' : 'portico'",
        ['test/attacks/cookie-flags.test.ts'],
      ],
      [
        'of two cookies the first is taken',
        'found.length === 1 && id !== undefined',
        'id !== undefined',
        ['test/attacks/cookie-flags.test.ts', 'test/attacks/session-fixation.test.ts'],
      ],
      [
        'who is not signed in is let in',
        '    if (session) return handler(request, reply, session)\n',
        "    if (session || request.url) return handler(request, reply, session ?? { id: '', person: '', name: '', notice: undefined })\n",
        ['test/attacks/session-fixation.test.ts'],
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
    'src/smart/account/sign-in.ts',
    ['test/attacks/open-redirect.test.ts'],
    [
      [
        'a sign-in leads anywhere',
        "typeof name === 'string' && PAGES.has(name) ? name : 'apps'",
        "typeof name === 'string' ? name : 'apps'",
      ],
      [
        'the account is signed in to by any form',
        '    const form = checkForm(config, request, subjectOf(id))\n',
        '    const form = new URLSearchParams(String(request.body))\n',
        ['test/attacks/login-csrf.test.ts'],
      ],
      [
        'any site signs the person out',
        "    checkForm(config, request, subjectOf(browserId(request, config) ?? ''))\n",
        '',
        ['test/attacks/consent-csrf.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/account/apps.ts',
    [APPS, OTHERS],
    [
      [
        'access is taken back by any form',
        '      const form = checkForm(config, request, subjectOf(session.id))\n',
        '      const form = new URLSearchParams(String(request.body))\n',
        ['test/attacks/consent-csrf.test.ts'],
      ],
      [
        'access is said to be gone before it is',
        '  await options.revoked?.settled()\n',
        '',
        [APPS],
        'a race of microseconds: the set of revoked tokens hears of it a moment later; that waiting for it works is shown by test/store/revocations.test.ts',
      ],
      [
        'what a person takes back is in no record',
        "    await auditGrant(options, 'revoke', { app: clientId, by, requestId, result: { why: 'by the person' } })\n",
        '',
        [APPS, 'test/smart/trail.test.ts'],
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
  ...mutantsOf(
    'src/store/reach.ts',
    ['test/death.test.ts'],
    [
      [
        'the dead are reached',
        'select unnest(${ended}::text[]) on conflict do nothing',
        'select unnest(${ended}::text[]) where false on conflict do nothing',
        ['test/death.test.ts'],
      ],
      [
        'a Consent that has changed gives what it gave',
        '  await run(db, sql`delete from reach where consent = any(${consents}::text[])`)\n',
        '',
        ['test/reach.test.ts'],
      ],
    ],
  ),
]
