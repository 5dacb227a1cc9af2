import { mutantsOf } from './mutant.ts'

const FORMS = 'test/attacks/forms.test.ts'
const GUESSING = 'test/attacks/guessing.test.ts'
const INTERACTION = 'test/smart/interaction-routes.test.ts'
const SIGN_IN = 'test/smart/sign-in.test.ts'
const CLICKJACKING = 'test/attacks/clickjacking.test.ts'
const ORIGIN = 'test/attacks/forged-origin.test.ts'

/** The checks of the pages: forms, sign-in, frames, what the server is called. */
export const pages = [
  ...mutantsOf(
    'src/smart/forms.ts',
    [FORMS],
    [
      ['a form of another origin is taken', 'if (foreign || given.length', 'if (given.length'],
      [
        'a form with a made-up token is taken',
        'given.length !== expected.length || !timingSafeEqual(given, expected)',
        'given.length !== expected.length || timingSafeEqual === undefined',
      ],
      [
        'the token of one page is that of all',
        ".update(subject).digest('base64url')",
        ".update(subject.slice(0, 0)).digest('base64url')",
      ],
      ['anybody can compute the token of a form', "derive(config.secret, 'csrf')", "derive('', 'csrf')"],
    ],
  ),
  ...mutantsOf(
    'src/smart/interaction.ts',
    [INTERACTION],
    [
      [
        'the page of one sign-in takes the form of another',
        "if (uid !== asked) throw new errors.SessionNotFound('the interaction belongs to another page')",
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/interaction-routes.ts',
    [FORMS, 'test/attacks/login-csrf.test.ts'],
    [
      [
        'a sign-in is taken from any form',
        '    const form = checkForm(config, request, interaction.uid)\n    const name',
        '    const form = new URLSearchParams(String(request.body))\n    const name',
      ],
      [
        'a refusal is taken from any form',
        '    const { uid } = await find(request, reply)\n    checkForm(config, request, uid)\n',
        "    const { uid } = await find(request, reply)\n    if (uid === '') checkForm(config, request, uid)\n",
      ],
      [
        'a switch of persons is taken from any form',
        '    const { uid, params, sessionUid, accountId } = await find(request, reply)\n    checkForm(config, request, uid)\n',
        "    const { uid, params, sessionUid, accountId } = await find(request, reply)\n    if (uid === '') checkForm(config, request, uid)\n",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/pages.ts',
    [CLICKJACKING],
    [
      ['pages can be framed', "; frame-ancestors 'none'", ''],
      ['old browsers frame pages', "  'x-frame-options': 'DENY',\n", ''],
      ['pages run scripts', "default-src 'none'; style-src", 'style-src'],
      ['pages are kept', "  'cache-control': 'no-store',\n", ''],
      ['pages tell others where one was', "  'referrer-policy': 'same-origin',\n", ''],
      ['pages are of another type than they say', "  'x-content-type-options': 'nosniff',\n", ''],
      [
        'what is put into a page is not escaped',
        'autoescape: true',
        'autoescape: false',
        ['test/attacks/html-injection.test.ts', INTERACTION],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/delegate.ts',
    [ORIGIN],
    [
      [
        'the provider’s own pages can be framed',
        '    for (const [name, value] of Object.entries(NO_FRAMES)) reply.raw.setHeader(name, value)\n',
        '',
        ['test/attacks/framing.test.ts'],
      ],
      ['the server is called what the request calls it', '    pinOrigin(raw, config)\n', ''],
      ['the Host of a request is believed', '  request.headers.host = host\n', ''],
      [
        'the protocol of a request is believed',
        "  request.headers['x-forwarded-proto'] = protocol.slice(0, -1)\n",
        '',
        [ORIGIN, 'test/smart/discovery.test.ts'],
      ],
      [
        'X-Forwarded-Host is believed',
        "  for (const name of ['x-forwarded-host', 'x-forwarded-port', 'forwarded']) delete request.headers[name]\n",
        '',
      ],
      [
        'a target in absolute form names the host',
        "  const url = URL.parse(target)\n  return url ? url.pathname + url.search : '/'",
        '  return target',
        [ORIGIN, 'test/attacks/open-redirects.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/answers.ts',
    ['test/smart/plugin.test.ts', 'test/smart/provider.test.ts'],
    [
      ['tokens are kept on the way', '  ctx.set(NO_STORE)\n', ''],
      [
        'what went wrong inside is told',
        "    code >= 500\n      ? { error: 'server_error' }",
        "    code >= 600\n      ? { error: 'server_error' }",
        ['test/smart/launch.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/storable.ts',
    ['test/attacks/bodies.test.ts'],
    [['what is no text reaches the database', 'if (!isGood(request))', 'if (request === undefined)']],
  ),
  ...mutantsOf(
    'src/smart/passwords.ts',
    [SIGN_IN],
    [
      [
        'nobody’s sign-in is answered sooner',
        'await inTurn(() => verify(against, password))',
        'stored !== undefined && (await inTurn(() => verify(against, password)))',
        [SIGN_IN, GUESSING],
      ],
      [
        'who has no password signs in',
        'return matches && stored !== undefined',
        'return matches || stored === undefined',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/sign-in.ts',
    [GUESSING, SIGN_IN],
    [
      [
        'guesses at one account are not counted',
        "    await countAttempt(pool, 'name', name, now, BY_NAME),\n",
        '    0,\n',
      ],
      [
        'guesses from one address are not waited for',
        "    await secondsToWait(pool, 'address', network, now),\n",
        '    0,\n',
      ],
      [
        'guesses from one address are not counted',
        "    await countAttempt(pool, 'address', network, now, BY_ADDRESS)\n",
        '',
      ],
      ['an account that is closed signs in', " || person.state !== 'active'", ''],
      ['a wrong password signs in', 'if (!person || !matches || ', 'if (!person || '],
      ['one may guess fifty times', 'const BY_NAME: BackOff = { free: 5,', 'const BY_NAME: BackOff = { free: 50,'],
      ['the longest password is hashed', '.slice(0, LONGEST_PASSWORD)', '', [SIGN_IN]],
      [
        'each address of a household counts for itself',
        'const network = networkOf(address)',
        'const network = address',
        [SIGN_IN, 'test/attacks/addresses.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/sign-out.ts',
    ['test/smart/logout.test.ts', 'test/smart/account/sign-in.test.ts', INTERACTION],
    [
      ['who signs out stays signed in at the pages of apps', '  await destroySession(options.pool, signIn.uid)\n', ''],
      [
        'who signs out stays signed in at the pages of her account',
        'if (id !== undefined) await endSession(options.pool, id)',
        '',
        ['test/attacks/session-fixation.test.ts'],
      ],
      [
        'what was granted while she is signed in outlives that',
        '  await endAccessOf(options, signIn, requestId)\n',
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/online-access.ts',
    ['test/smart/logout.test.ts'],
    [
      [
        'what works while she is away ends with a sign-out',
        "        and 'offline_access' <> all (string_to_array(coalesce(g.payload -> 'openid' ->> 'scope', ''), ' '))\n",
        '',
      ],
      [
        'a sign-out ends what was granted in other sessions',
        " and t.payload ->> 'sessionUid' = $2)`",
        ' and $2::text is not null)`',
      ],
    ],
  ),
]
