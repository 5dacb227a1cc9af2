import { mutantsOf } from './mutant.ts'

const REGISTRATION = 'test/smart/registration.test.ts'
const DESCRIPTION = 'test/smart/administration/description.test.ts'
const ROUTES = 'test/smart/administration/routes.test.ts'
const ADMINISTER = 'test/smart/administration/administer.test.ts'

/** The checks of how clients come to be: by themselves, and by an administrator. */
export const registration = [
  ...mutantsOf(
    'src/smart/registration.ts',
    [REGISTRATION],
    [
      ['a redirect URI may have a wildcard', "uri.includes('#') || uri.includes('*') || ", "uri.includes('#') || "],
      ['a redirect URI may have a fragment', "uri.includes('#') || uri.includes('*') || ", "uri.includes('*') || "],
      ['a redirect URI may hide its site behind a user', " || url.username !== '' || url.password !== '')", ')'],
      [
        'a redirect URI may be http',
        "return LOOPBACK.has(url.hostname) ? undefined : 'must be https'",
        'return undefined',
      ],
      [
        'a redirect URI may be a script',
        "return url.protocol.includes('.') ? undefined : 'must be",
        "return url.protocol.includes(':') ? undefined : 'must be",
      ],
      [
        'an app registers itself for what only systems do',
        'const other = types.find(type => !GRANT_TYPES.includes(type))',
        "const other = types.find(type => type === '')",
      ],
      [
        'an app registers itself for tokens in the address',
        "if (textsOf(given.response_types).some(type => type !== 'code'))",
        'if (given.response_types === 0)',
      ],
      [
        'an app has keys at any address',
        "if (url?.protocol !== 'https:' && !internalOrigins.includes(url?.origin ?? ''))",
        "if (internalOrigins.includes('?'))",
      ],
      [
        'an app gets all scopes that it asks for',
        "grantable(scope, most, 'launch')",
        "grantable(scope, scope, 'launch')",
      ],
      [
        'an app says anything of itself',
        'const known = [...MEMBERS, ...OF_UPDATES].filter(',
        'const known = Object.keys(given).filter(',
      ],
      ['an app’s name has characters that are not seen', ' || /\\p{C}/u.test(name))', ')'],
      [
        'a hash is shown as a secret',
        "typeof client_secret === 'string' && !client_secret.startsWith('sha256:')",
        "typeof client_secret === 'string'",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/registration-routes.ts',
    [REGISTRATION],
    [
      [
        'an app registers itself without a token',
        "  if (token === undefined || most === undefined)\n    throw new errors.InvalidToken('no initial access token, or one that was used')\n",
        "  if (token === undefined || most === undefined) return JSON.stringify(registrationOf(request.body, 'openid', []))\n",
      ],
      [
        'an app gives itself scopes by an update',
        "registrationOf(request.body, client?.scopes ?? '', ",
        "registrationOf(request.body, String((request.body as { scope?: string }).scope ?? client?.scopes ?? ''), ",
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/registrations.ts',
    [REGISTRATION],
    [
      [
        'a token that is being stored outlives its client',
        '  await destroyGrantsOfClient(db, clientId)\n',
        '',
        ['test/store/clients.test.ts'],
      ],
      [
        'an initial access token is good twice',
        'and consumed_at is null and expires_at > now()',
        'and expires_at > now()',
      ],
      [
        'an initial access token is good for ever',
        'and consumed_at is null and expires_at > now()',
        'and consumed_at is null',
      ],
      [
        'the tokens of an app outlive it',
        "text: 'delete from oidc_payload where client_id = $1'",
        "text: 'select from oidc_payload where client_id = $1'",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/administration/routes.ts',
    [ROUTES],
    [
      [
        'any system administers clients',
        'callerOf(options, request, reply, ADMINISTRATION)',
        "callerOf(options, request, reply, '__launch')",
      ],
      ['an administrator makes another', 'if (scopesOf(body).includes(ADMINISTRATION)) throw denied()', ''],
      [
        'an administrator changes another',
        "if (client?.scopes.split(' ').includes(ADMINISTRATION)) throw denied()",
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/administration/administer.ts',
    [ADMINISTER],
    [
      [
        'what is wrong is registered',
        "if (faults.length > 0) throw new errors.InvalidClientMetadata(faults.join('; '))",
        '',
      ],
      [
        'a client becomes one of another kind',
        'if (client_id !== clientId || kind !== before.kind)',
        'if (client_id !== clientId)',
        [ADMINISTER, ROUTES],
      ],
      [
        'a client that is disabled is said to be before its tokens are refused',
        '  await administrator.revoked?.settled()\n',
        '',
        [ADMINISTER],
        'a race of microseconds: the set of revoked tokens hears of it a moment later; that waiting for it works is shown by test/store/revocations.test.ts',
      ],
      [
        'a change is in no record',
        '    await auditGrant({ pool: db, clock }, interaction, { app, by, requestId, result })\n',
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/administration/description.ts',
    [DESCRIPTION],
    [
      ['a private key is registered', "if ('d' in jwk || jwk.kty === 'oct')", "if (jwk.kty === 'oct')"],
      ['a secret is registered as a key', "if ('d' in jwk || jwk.kty === 'oct')", "if ('d' in jwk)"],
      [
        'a key is too short',
        'details.modulusLength !== undefined && details.modulusLength >= 2048',
        'details.modulusLength !== undefined',
      ],
      ['two keys have one kid', 'return new Set(kids).size === kids.length ? faults :', 'return kids ? faults :'],
      ['a system shows nothing', "if (kind !== 'public' && method === 'none') return", 'if (kind === method) return'],
      [
        'an app of a person is registered for the scopes of systems',
        "const context = kind === 'backend' ? 'backend' : 'launch'",
        "const context = kind === 'public' ? 'backend' : 'backend'",
      ],
      ['a redirect URI is not looked at', "    ...faults('redirect_uris', redirect_uris, redirectFault),\n", ''],
      ['pages of anywhere are registered', "    ...faults('cors_origins', cors_origins, originFault),\n", ''],
      [
        'keys are registered at any address',
        "const isApproved = url?.protocol === 'https:' || internalOrigins.includes(url?.origin ?? '')",
        "const isApproved = url !== null || internalOrigins.includes('')",
      ],
      [
        'a client is described by anything',
        '  additionalProperties: false,\n  properties: {\n    client_id',
        '  additionalProperties: true,\n  properties: {\n    client_id',
      ],
    ],
  ),
]
