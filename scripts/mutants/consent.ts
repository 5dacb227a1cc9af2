import { mutantsOf } from './mutant.ts'

const REFRESH = 'test/attacks/refresh-tokens.test.ts'
const ASSERTIONS = 'test/attacks/assertions.test.ts'
const PARAMETERS = 'test/attacks/parameters.test.ts'
const PROVIDER = 'test/smart/provider.test.ts'
const ACCOUNTS = 'test/smart/accounts.test.ts'
const CONSENT = 'test/smart/consent-routes.test.ts'
const FORMS = 'test/attacks/forms.test.ts'
const OTHERS = 'test/attacks/page-of-another-person.test.ts'

/** The checks of what is granted: scopes, whose record, what was ticked. */
export const consent = [
  ...mutantsOf(
    'src/smart/resource-server.ts',
    [PROVIDER],
    [
      [
        'a token is made for any audience',
        'if (resource !== fhirBaseOf(config))',
        'if (resource === undefined)',
        [PARAMETERS, 'test/attacks/pushed-requests.test.ts'],
      ],
      [
        'aud may be left out',
        "if (ctx.oidc.route === 'token') return fhirBaseOf(config)",
        'if (ctx.oidc.route) return fhirBaseOf(config)',
      ],
      [
        'what cannot be enforced is granted as something less',
        'if (fault !== undefined) throw new errors.InvalidScope(`this',
        'if (fault === null) throw new errors.InvalidScope(`this',
        ['test/smart/resource-server.test.ts'],
      ],
      [
        'an app has what it asks for, whatever it may have',
        "const asked = grantable(text, allowed, backend ? 'backend' : 'launch')",
        "const asked = grantable(text, text, backend ? 'backend' : 'launch')",
        [REFRESH, ASSERTIONS],
      ],
      [
        'a refresh gives what is asked for, not what was granted',
        "if (source) return { text: source.scope ?? '', isRequest: false }",
        '',
        [REFRESH, 'test/smart/resource-server.test.ts', PROVIDER],
      ],
      [
        'a launch scope is granted without a launch',
        'const scopes = isLaunch ? await givenScopes(pool, asked, ctx.oidc.params?.launch) : asked',
        'const scopes = isLaunch && pool === undefined ? await givenScopes(pool, asked, ctx.oidc.params?.launch) : asked',
        ['test/smart/launch.test.ts'],
      ],
      [
        'a request of which nothing is granted goes on',
        'if (scopes.length === 0) {',
        'if (scopes.length < 0) {',
        [ASSERTIONS, PROVIDER],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/token-requests.ts',
    [REFRESH],
    [
      [
        'an app with a secret needs none to refresh',
        "  if (client?.kind !== 'public') return body\n",
        '',
        ['test/smart/token-requests.test.ts'],
      ],
      [
        'who shows one client is taken for another',
        "  if (form.has('client_id') || form.has('client_assertion')) return body\n",
        '',
        [REFRESH, PARAMETERS, 'test/smart/token-requests.test.ts'],
      ],
      [
        'of two tokens the first is introspected',
        ' || more.length > 0 || !isJwt(token)) return body',
        ' || !isJwt(token)) return body',
        ['test/smart/introspection.test.ts'],
      ],
      [
        'of two resources one is seen',
        'for (const resource of new Set(resources)) form.append',
        'for (const resource of resources.slice(0, 1)) form.append',
        [PARAMETERS, 'test/smart/token-requests.test.ts'],
      ],
      [
        'of two prompts the first counts',
        'if (prompts.length <= 1 && ',
        'if (',
        [PARAMETERS, 'test/smart/token-requests.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/accounts.ts',
    [ACCOUNTS],
    [
      [
        'an account that is closed gets tokens',
        '!(await findActivePerson(options.pool, sub)) || ',
        '',
        [PROVIDER, ACCOUNTS],
      ],
      ['online access goes on after the sign-out', ' || !(await isOnline(ctx, token))', ''],
      [
        'a token is renewed for a record that is reached no more',
        'if (context && !(await stillReaches(options, context))) return undefined',
        '',
      ],
      ['who is somebody’s proxy gets tokens as herself', ' && each.self === !context.proxy)', ')'],
      [
        'a token does not say who acts for somebody',
        '    ...(context.proxy ? { act: { sub: context.person } } : {}),\n',
        '',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/ticks.ts',
    ['test/smart/ticks.test.ts'],
    [
      [
        'what was not ticked is granted',
        'if (own.length > 0 && own.every(({ isTicked }) => isTicked)) return [scope]',
        'if (own.length > 0) return [scope]',
      ],
      [
        'of what was asked a part that is not ticked is granted',
        'return own.flatMap(({ isTicked, grants }) => (isTicked ? grants : []))',
        'return own.flatMap(({ grants }) => grants)',
      ],
      ['nothing ticked is something', 'if (requested.some(isRecord) && !granted.some(isRecord)) return undefined', ''],
      [
        'what was not asked before starts ticked',
        'isTicked: known === undefined ? last === undefined : ',
        'isTicked: known === undefined ? true : ',
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/consent-routes.ts',
    [FORMS, OTHERS],
    [
      [
        'what was not offered can be ticked',
        "const ticked = form.getAll('scope').filter(id => offered.has(id))",
        "const ticked = form.getAll('scope').filter(id => id !== '' || offered.has(id))",
        [OTHERS, FORMS, CONSENT],
      ],
      [
        'another record than the one that was shown is opened',
        'if (needsPatient(scopes) && chosen?.patient !== patient) {',
        'if (needsPatient(scopes) && chosen === undefined) {',
        [FORMS, OTHERS, ACCOUNTS],
      ],
      [
        'who has not signed in consents',
        "if (interaction.prompt !== 'consent' || interaction.accountId === undefined) {",
        "if (interaction.uid === '') {",
        ['test/smart/interaction-routes.test.ts', FORMS],
      ],
      [
        'a launch is used twice at the same time',
        "if (typeof handle === 'string' && !(await useLaunch(options.pool, handle)))",
        "if (typeof handle === 'string' && !(await useLaunch(options.pool, handle)) && handle === '')",
        ['test/smart/launch.test.ts'],
      ],
      [
        'a launch lets any record be chosen',
        'if (params.launch === undefined) return offers',
        'if (pool) return offers',
        ['test/smart/launch.test.ts'],
      ],
      [
        'a consent is taken from any form',
        "    const interaction = await find(request, reply)\n    const form = checkForm(options.config, request, interaction.uid)\n    if (interaction.prompt !== 'consent' ||",
        "    const interaction = await find(request, reply)\n    const form = new URLSearchParams(String(request.body))\n    if (interaction.prompt !== 'consent' ||",
        [FORMS],
      ],
      [
        'a record is chosen by any form',
        "    const form = checkForm(options.config, request, interaction.uid)\n    if (interaction.prompt !== 'consent') return",
        "    const form = new URLSearchParams(String(request.body))\n    if (interaction.prompt !== 'consent') return",
        [FORMS, 'test/attacks/consent-csrf.test.ts'],
      ],
      [
        'consent is in no record',
        '    await auditConsent(options, request, consent, decision.granted)\n',
        '',
        ['test/smart/trail.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/consent.ts',
    [OTHERS, CONSENT],
    [
      [
        'a proxy gives an app what he does not reach',
        "if (!chosen || chosen.topics.includes('*')) return ticks",
        'if (ticks) return ticks',
      ],
      [
        'who acts for somebody is known as herself',
        'if (chosen && /^(Patient|RelatedPerson)\\//.test(chosen.actor)) return chosen.actor',
        '',
        [ACCOUNTS],
      ],
    ],
  ),
  ...mutantsOf(
    'src/smart/trail.ts',
    ['test/smart/trail.test.ts'],
    [
      [
        'a token that is in no record is given out',
        "      ctx.status = 500\n      ctx.body = { error: 'server_error' }\n",
        '',
      ],
      [
        'what is taken back is in no record',
        '    for (const grantId of revoked.get(ctx.oidc) ?? []) await auditRevoked(trail, ctx, grantId)\n',
        '',
      ],
    ],
  ),
]
