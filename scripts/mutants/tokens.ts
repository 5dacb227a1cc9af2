import { mutantsOf } from './mutant.ts'

const AUTHENTICATE = ['test/handlers/authenticate.test.ts']
const ANOTHER = ['test/another-issuer.test.ts']

/** The checks of access tokens: at the FHIR server, at the authorization server's own API, and what was taken back. */
export const tokens = [
  ...mutantsOf('src/handlers/verify.ts', AUTHENTICATE, [
    ['a token of another issuer is honoured', '        allowedIss: issuer,\n', ''],
    ['a token for another audience is honoured', '        allowedAud: audience,\n', ''],
    ['an id_token is an access token', '        checkTyp: TYPE,\n', ''],
    [
      'our tokens may be signed by any algorithm',
      "        algorithms: ['ES256'],\n",
      '',
      undefined,
      'the library takes of the algorithms those that fit the key, and our keys fit one; that none and HMAC are refused is tested',
    ],
    ['a token needs no end and no name', '        requiredClaims: REQUIRED,\n      },\n', '      },\n'],
    [
      'a token of any other issuer is honoured',
      '          issuer,\n          audience,\n',
      '          audience,\n',
      ANOTHER,
    ],
    [
      'a token of another issuer may be for anybody',
      '          issuer,\n          audience,\n',
      '          issuer,\n',
      ANOTHER,
    ],
    ['an id_token of another issuer is an access token', '          typ: TYPE,\n', '', ANOTHER],
    [
      'a token of another issuer needs no end and no name',
      '          requiredClaims: REQUIRED,\n        })',
      '        })',
      ANOTHER,
    ],
    [
      'a person of another server is somebody here',
      'return /^[A-Za-z]+\\/[A-Za-z0-9\\-.]{1,64}$/.test(relative) ?',
      "return relative !== '' ?",
      ANOTHER,
    ],
  ]),
  ...mutantsOf('src/handlers/authenticate.ts', AUTHENTICATE, [
    ['claims are not looked at', 'if (fault !== undefined) throw new Error(fault)', ''],
    ['a token that is remembered does not end', 'grant.expires * 1000 > Date.now() && !revoked', '!revoked'],
    ['a token that was taken back is good', ' && !revoked.isRevoked(grant.tokenId)', ''],
    [
      'tokens are good while it is not known which were taken back',
      'if (!revoked.ready())',
      'if (revoked === undefined)',
    ],
    [
      'what was verified by a key that is gone is remembered',
      'if (generation() !== verifiedBy) remembered.clear()',
      '',
      ANOTHER,
    ],
    [
      'a token that ends like one that is remembered is taken for it',
      'known?.header === header ? known.grant',
      'known ? known.grant',
    ],
    [
      'what was verified while its key was taken back is remembered',
      'if (generation() === before) remember(',
      'remember(',
      AUTHENTICATE,
    ],
    ['a header that is not Bearer is none', 'const BEARER = /^Bearer +', 'const BEARER = /^\\w+ +'],
  ]),
  ...mutantsOf(
    'src/handlers/issuer-keys.ts',
    ['test/handlers/issuer-keys.test.ts'],
    [
      [
        'of two keys with one name the last is believed',
        "return new Map(usable.flatMap(key => (typeof key.kid === 'string' && isOnly(key) ?",
        "return new Map(usable.flatMap(key => (typeof key.kid === 'string' && isOnly !== undefined ?",
      ],
      ['a key for encryption verifies', "(use === undefined || use === 'sig') && ", ''],
      [
        'a key that may not verify does',
        " && (operations === undefined || operations.includes('verify'))",
        '',
        undefined,
        'the platform refuses to make a verifying key of it too; asked here, so that it is not for the platform to remember',
      ],
      [
        'a key is good for every algorithm',
        'if (!algorithmsOf(key).some(each => each === alg))',
        'if (alg === undefined)',
      ],
      ['a made-up kid has the issuer asked each time', 'if (now() < triedAt + COOL_DOWN) return Promise.resolve()', ''],
      [
        'keys are believed for ever while the issuer is away',
        'if (now() < known.freshUntil + STALE) return known',
        'return known',
      ],
      ['the issuer’s host may name another one', "    redirect: 'error',\n", ''],
      ['a set of keys may be endless', 'if (length > MOST_BYTES) throw', 'if (length < 0) throw'],
      ['a key that was replaced still verifies', 'if (known && known.text !== fetched.text) generation++', ''],
    ],
  ),
  ...mutantsOf(
    'src/store/revocations.ts',
    ['test/store/revocations.test.ts'],
    [
      ['nothing is refused while revocations are not known', '!listener.isReady || (', '('],
      [
        'what was revoked before the start is not known',
        'for (const [hashed, exp] of await load(pool)) listener.revoked.set(hashed, exp)',
        '',
      ],
      ['what is revoked elsewhere is not heard', 'if (hashed) listener.revoked.set(hashed, Number(exp))', ''],
      [
        'a connection that is lost is not noticed',
        'listener.isReady = false\n    listener.current = undefined',
        'listener.current = undefined',
      ],
      ['a connection that died silently is not noticed', 'checkAlive(listener, heartbeat, lost)', ''],
      ['what is revoked is forgotten before its end', 'if (exp < longAgo)', 'if (exp > 0)'],
    ],
  ),
  ...mutantsOf(
    'src/smart/access-token.ts',
    ['test/smart/access-token.test.ts'],
    [
      ['a token of another issuer is ours', 'issuer: issuerOf(config), ', ''],
      ['a token for another audience is ours', 'audience: fhirBaseOf(config), ', ''],
      ['a token of another kind is an access token', "typ: 'at+jwt', ", ''],
      [
        'what is signed with an unknown key is ours',
        'const verified = await jwtVerify(',
        "const verified = await (async (t: string, ..._: unknown[]) => ({ payload: JSON.parse(Buffer.from(t.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload }))(",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/bearer.ts',
    ['test/smart/launch.test.ts', 'test/smart/introspection.test.ts'],
    [
      ['a token of a system that was taken back is good', 'if (!isKnown || ', 'if ('],
      ['a system that is disabled is heard', ' || !(await findClient(pool, client_id))', ''],
      [
        'a system needs no scope',
        "  if (\n    !String(claims?.scope ?? '')\n      .split(' ')\n      .includes(scope)\n  ) {",
        '  if (scope === undefined) {',
      ],
      [
        'the app of a person is a system',
        "findPayload(pool, 'ClientCredentials', 'id', jti)",
        "findPayload(pool, 'AccessToken', 'id', jti)",
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/keys.ts',
    ['test/smart/keys.test.ts', 'test/handlers/authenticate.test.ts'],
    [
      [
        'the keys of id_tokens verify access tokens',
        "if (key.alg !== 'ES256' || key.kid === undefined) continue",
        'if (key.kid === undefined) continue',
      ],
    ],
  ),
]
