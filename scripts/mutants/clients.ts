import { mutantsOf } from './mutant.ts'

const ASSERTIONS = 'test/attacks/assertions.test.ts'
const KEYS = 'test/smart/client-keys.test.ts'
const CLIENTS = 'test/smart/clients.test.ts'
const LAUNCH = 'test/smart/launch.test.ts'
const REGISTRATION = 'test/smart/registration.test.ts'
const ADMINISTER = 'test/smart/administration/administer.test.ts'

/** The checks of clients: how they show who they are, and what launches them. */
export const clients = [
  ...mutantsOf(
    'src/smart/assertion.ts',
    [ASSERTIONS],
    [
      [
        'an assertion lasts for hours',
        'claims.exp > Date.now() / 1000 + 310)',
        'claims.exp > Date.now() / 1000 + 31_000)',
      ],
      ['an assertion is of any type', "if (header.typ !== 'JWT')", "if (header.typ === '')"],
      ['an assertion needs no kid', "  if (typeof header.kid !== 'string') refuse('kid is missing')\n", ''],
      [
        'keys may come from where the assertion says',
        'if (header.jku !== undefined && header.jku !== client.jwksUri)',
        "if (header.jku === '')",
      ],
      ['of two keys with one kid either is good', 'if (sameKid !== 1)', 'if (sameKid < 1)'],
    ],
  ),
  ...mutantsOf(
    'src/smart/client-keys.ts',
    [KEYS],
    [
      [
        'keys are fetched from anywhere inside',
        "if (!isInternal && (url.protocol !== 'https:' || dispatcher === undefined))",
        'if (url.protocol === dispatcher)',
      ],
      [
        'keys are fetched by http',
        "(url.protocol !== 'https:' || dispatcher === undefined)",
        '(dispatcher === undefined)',
      ],
      [
        'keys are fetched from private addresses',
        "(url.protocol !== 'https:' || dispatcher === undefined)",
        "(url.protocol !== 'https:')",
      ],
      ['an approved address names another', "redirect: 'error'", "redirect: 'follow'"],
      [
        'a key that was withdrawn is believed for ever',
        'if (now >= fetched.until) await fetchKeys(client, fetched, now)',
        '',
      ],
      [
        'made-up kids have the address asked each time',
        'if (!isKnown && now >= fetched.askedAt + PAUSE) {',
        'if (!isKnown) {',
      ],
      ['what cannot be fetched is believed', '    keys.clear()\n', ''],
      [
        'keys are kept as long as their address likes',
        'Math.min(Number(seconds) * 1000, LONGEST)',
        'Number(seconds) * 1000',
      ],
      ['what must not be kept is kept', '  if (/\\bno-(store|cache)\\b/i.test(cacheControl)) return 0\n', ''],
    ],
  ),
  ...mutantsOf(
    'src/smart/clients.ts',
    [CLIENTS],
    [
      [
        'every secret fits',
        'return timingSafeEqual(Buffer.from(stored), Buffer.from(storedSecret(given)))',
        'return given.length > 0 && timingSafeEqual !== undefined',
      ],
      [
        'a secret is kept as it is',
        "PREFIX + sha256(secret).toString('base64url')",
        'PREFIX + secret',
        [CLIENTS, REGISTRATION],
      ],
      [
        'who has no secret shows the empty one',
        '  if (!stored?.startsWith(PREFIX)) return false\n',
        '  if (stored === undefined) return true\n',
        [CLIENTS],
      ],
      [
        'an origin that only begins alike is allowed',
        'if (!asked || asked.origin !== origin) return false',
        'if (!asked) return false',
      ],
      [
        'pages of this machine may call for every app',
        "loopback && redirect.protocol === 'http:' && LOOPBACK.has(redirect.hostname)",
        'loopback',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/clients.ts',
    ['test/store/clients.test.ts'],
    [
      [
        'a token of a launch that is being stored outlives the disabling of its client',
        '  await destroyGrantsOfClient(db, clientId)\n',
        '',
      ],
      [
        'a secret that was replaced is good for ever',
        'case when previous_until > now() then previous_secret end',
        'previous_secret',
        [ADMINISTER],
      ],
      ['a client that is disabled is found', "where client_id = $1 and state = 'active'`,", 'where client_id = $1`,'],
      [
        'an id that is taken is given again',
        'on conflict do nothing`,\n    values: [client.clientId,',
        'on conflict (client_id) do update set name = excluded.name`,\n    values: [client.clientId,',
        [ADMINISTER],
      ],
      [
        'a client that is disabled keeps its tokens',
        'where client_id = $1 and model in ${ISSUED}`',
        'where client_id = $1 and false`',
        [ADMINISTER],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/launch.ts',
    [LAUNCH],
    [
      ['a launch may be begun with at any time', 'launch.expired || ', ''],
      ['a launch is good for any app', ' || launch.clientId !== client.clientId', ''],
      ['a launch needs no scope', "if (!ctx.oidc.requestParamScopes.has('launch')) {", 'if (!ctx.oidc) {'],
      ['the scope launch is granted without one', "(scope !== 'launch' || launch !== undefined) && ", ''],
      ['the scope of an Encounter is granted without one', " && (scope !== 'launch/encounter' || hasEncounter)", ''],
      [
        'a launch opens another record than its own',
        'offers.find(({ patient }) => patient === launch?.patient)',
        'offers.find(() => launch !== undefined)',
      ],
      [
        'a launch that was made for a person is for anybody',
        'return isMeant ? [found] : []',
        'return isMeant || found ? [found] : []',
      ],
      [
        'a launch is made for an app that does not ask for it',
        "if (!client?.scopes.split(' ').includes('launch'))",
        'if (!client)',
      ],
      [
        'a launch is made for nobody',
        "if (!(await inRecord('Patient', patient, patient)))",
        'if (inRecord === undefined)',
      ],
      [
        'a launch is made with the Encounter of another',
        "if (encounter !== undefined && !(await inRecord('Encounter', encounter, patient)))",
        'if (encounter === patient)',
      ],
      [
        'a launch says anything',
        '  additionalProperties: false,\n  properties: {\n    client_id',
        '  additionalProperties: true,\n  properties: {\n    client_id',
      ],
      [
        'a launch names a patient where its context must not',
        'if (fault) refuse(`launch/fhirContext/',
        'if (fault === null) refuse(`launch/fhirContext/',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/launches.ts',
    [LAUNCH],
    [
      [
        'a launch is found after it was used',
        'from launch where id_hash = $1 and used_at is null`',
        'from launch where id_hash = $1`',
      ],
      ['a launch is used twice', "where id_hash = $1 and used_at is null',", "where id_hash = $1',"],
    ],
  ),
  ...mutantsOf(
    'src/smart/system-routes.ts',
    [LAUNCH],
    [
      [
        'launches are made by any system',
        "callerOf(options, request, reply, '__launch')",
        "callerOf(options, request, reply, '__introspect')",
      ],
    ],
  ),
]
