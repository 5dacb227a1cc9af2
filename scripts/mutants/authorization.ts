import { mutantsOf } from './mutant.ts'

const CODES = 'test/attacks/codes.test.ts'
const REFRESH = 'test/attacks/refresh-tokens.test.ts'
const ASSERTIONS = 'test/attacks/assertions.test.ts'
const PROVIDER = 'test/smart/provider.test.ts'
const STORE = 'test/store/tokens.test.ts'

/** The checks of the authorization and token endpoints: cookies, codes, refresh tokens, introspection. */
export const authorization = [
  ...mutantsOf(
    'src/smart/provider.ts',
    [PROVIDER],
    [
      [
        'PKCE may be left out',
        'pkce: { required: () => true }',
        'pkce: { required: () => false }',
        ['test/attacks/pkce.test.ts'],
      ],
      [
        'cookies need no signature',
        'long: { signed: true, ',
        'long: { signed: false, ',
        ['test/attacks/sessions.test.ts'],
      ],
      [
        'scripts read the cookie of the sign-in',
        'long: { signed: true, httpOnly: true, ',
        'long: { signed: true, httpOnly: false, ',
        ['test/attacks/sessions.test.ts'],
      ],
      [
        'other sites send the cookie of the sign-in',
        "long: { signed: true, httpOnly: true, sameSite: 'lax' }",
        "long: { signed: true, httpOnly: true, sameSite: 'none' }",
        ['test/attacks/sessions.test.ts'],
      ],
      [
        'scripts read the cookie of an interaction',
        'short: { signed: true, httpOnly: true, ',
        'short: { signed: true, httpOnly: false, ',
        ['test/attacks/sessions.test.ts'],
      ],
      ['a code lasts for hours', 'AuthorizationCode: 60,', 'AuthorizationCode: 60 * 60,', [CODES]],
      ['a session lasts for a day', 'Session: 30 * 60,', 'Session: 24 * 60 * 60,', ['test/attacks/sessions.test.ts']],
      [
        'a session goes on when its account is closed',
        'Boolean(ctx.oidc.session?.accountId && !ctx.oidc.account)',
        'Boolean(ctx.oidc.session?.accountId && ctx.oidc.account === null)',
        ['test/attacks/sessions.test.ts'],
      ],
      [
        'any secret is the right one',
        'return secretFits(this, given)',
        'return given !== undefined',
        ['test/smart/clients.test.ts'],
      ],
      [
        'a client of ours may show its secret in the form',
        "clientAuthMethods: ['none', 'client_secret_basic', 'private_key_jwt'],",
        "clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],",
        ['test/smart/clients.test.ts', 'test/smart/discovery.test.ts'],
      ],
      [
        'assertions may be signed by HMAC',
        "clientAuthSigningAlgValues: ['RS384', 'ES384'],",
        "clientAuthSigningAlgValues: ['RS384', 'ES384', 'HS256', 'RS256', 'ES256'],",
        [ASSERTIONS, 'test/smart/discovery.test.ts'],
      ],
      [
        'every app stays signed in',
        "      (source.scopes.has('offline_access') || source.scopes.has('online_access')),",
        '      true,',
        [PROVIDER],
      ],
      [
        'pages of anywhere call the token endpoint',
        'originAllowed(origin, client.redirectUris ?? [], strings(client.cors_origins)),',
        'origin !== undefined && client !== undefined,',
        ['test/smart/clients.test.ts'],
      ],
      [
        'what an app gives back ends its one token only',
        'revokeGrantPolicy: async () => true,',
        'revokeGrantPolicy: async () => false,',
        [REFRESH, PROVIDER],
      ],
      [
        'a token that is not stored is issued',
        '    await adapter(token.kind).upsert(',
        '    if (payload.jti === 0) await adapter(token.kind).upsert(',
        [PROVIDER],
      ],
      [
        'a token is said to be revoked before it is',
        "if (ctx.oidc?.route === 'revocation') await options.revoked?.settled()",
        '',
        ['test/journeys/own-access.test.ts'],
        'a race of microseconds: the set of revoked tokens hears of it a moment later; that waiting for it works is shown by test/store/revocations.test.ts',
      ],
      [
        'a set of keys may be endless',
        'fetchResponseBodyLimits: { jwks_uri: MOST_FETCHED,',
        'fetchResponseBodyLimits: { jwks_uri: 1e9,',
        ['test/smart/client-keys.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/adapter.ts',
    [REFRESH],
    [
      ['a code is redeemed twice at the same time', "&& model !== 'RefreshToken')", '&& false)', [CODES]],
      ['a second use is never theft', '(found.consumedAgo ?? 0) > race', '(found.consumedAgo ?? 0) > 1e9', [PROVIDER]],
      [
        'a refresh token whose successor was used is answered again',
        'return next?.consumedAt === undefined ? found',
        'return true ? found',
      ],
      [
        'an assertion is good twice',
        "throw new errors.InvalidClientAuth('the assertion was used before')",
        'return',
        [ASSERTIONS],
      ],
      [
        'tokens are issued under a grant that was revoked',
        "const mustStand = underGrant ? 'grant' :",
        'const mustStand = underGrant ? undefined :',
        ['test/smart/adapter.test.ts'],
      ],
      [
        'tokens are issued to a system that was disabled',
        "model === 'ClientCredentials' ? 'client' : undefined",
        "model === 'ClientCredentials' ? undefined : undefined",
        ['test/smart/administration/administer.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/tokens.ts',
    [STORE],
    [
      [
        'identifiers are kept as they are',
        "hash('sha256', text, 'buffer')",
        'Buffer.from(text)',
        ['test/smart/interaction-routes.test.ts'],
      ],
      [
        'what was used is used again',
        'where model = $1 and id_hash = $2 and consumed_at is null`',
        'where model = $1 and id_hash = $2`',
      ],
      ['what is there once is replaced', ' where oidc_payload.expires_at < now()`', '`'],
      [
        'a grant that has ended stands',
        'id_hash = $4 and expires_at > now() for key share',
        'id_hash = $4 for key share',
      ],
      ['a grant goes while something is stored under it', ' for key share) as g', ') as g'],
      [
        'a client goes while something is stored for it',
        "state = 'active' for share) as c",
        "state = 'active') as c",
        ['test/smart/administration/administer.test.ts', STORE],
      ],
      [
        'a client that is disabled stands',
        "where client_id = $8 and state = 'active' for share",
        'where client_id = $8 for share',
      ],
      [
        'what was issued under a grant outlives it',
        "text: 'delete from oidc_payload where grant_hash = any($1::bytea[])'",
        "text: 'select from oidc_payload where grant_hash = any($1::bytea[])'",
      ],
      [
        'what is of one kind is found as another',
        '`select ${COLUMNS} from oidc_payload where model = $1 and ${WHERE[by]} = $2`',
        '`select ${COLUMNS} from oidc_payload where $1::text is not null and ${WHERE[by]} = $2`',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/rotation.ts',
    ['test/smart/rotation.test.ts', PROVIDER],
    [
      ['anybody can compute the next refresh token', "createHmac('sha256', key)", "createHmac('sha256', 'key')"],
      [
        'a refresh gives two living successors',
        'return rotated ? successor(rotated.jti) : random.call(this)',
        'return rotated === undefined ? random.call(this) : random.call(this)',
        [REFRESH],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/features.ts',
    [REFRESH],
    [
      ['an app takes back the tokens of another', 'token.clientId === client.clientId', 'token !== client'],
      [
        'an app is told of the tokens of another',
        'introspection: { enabled: true, allowedPolicy: mayIntrospect }',
        'introspection: { enabled: true }',
        ['test/smart/token-requests.test.ts', 'test/smart/introspection.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/introspection.ts',
    ['test/smart/introspection.test.ts'],
    [
      [
        'every client may introspect every token',
        '  token.clientId === client.clientId ||\n',
        '  client !== undefined ||\n',
        ['test/smart/token-requests.test.ts', 'test/smart/introspection.test.ts'],
      ],
      ['who shows no token may introspect', "  await callerOf(options, request, reply, '__introspect')\n", ''],
      ['a token that has ended is active', 'if (!isValid || !(await', 'if (!(await'],
      [
        'the token of an app that was disabled is active',
        ' || !(await provider.Client.find(clientId))) return false',
        ') return false',
      ],
      [
        'the token of a grant that is gone is active',
        'return grantId === undefined || (await provider.Grant.find(grantId)) !== undefined',
        'return grantId === undefined || grantId !== clientId',
      ],
    ],
  ),
]
