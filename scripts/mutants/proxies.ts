import { mutantsOf } from './mutant.ts'

const RULES = 'test/resources/proxy-consent.test.ts'
const REACH = 'test/reach.test.ts'
const USER = 'test/access/user-scopes.test.ts'

const BEYOND = "['provision', 'data', 'purpose', 'action', 'securityLabel', 'code', 'dataPeriod']"
const without = (member: string): string => BEYOND.replace(new RegExp(`'${member}'(, )?`), '')

/** What a Consent gives to whom, and what a person reaches by it. */
export const proxies = [
  ...mutantsOf(
    'src/resources/proxy-consent.ts',
    [RULES],
    [
      ['a Consent that is not active gives', "resource.status !== 'active' || ", ''],
      ['a Consent to treatment gives', ' || !isPrivacyConsent(resource)', ''],
      ['a Consent that denies gives', "provision.type === 'deny' || ", ''],
      ['a Consent of a law of another name gives', 'system === CONSENT_SCOPE && ', ''],
      ...['provision', 'data', 'purpose', 'action', 'securityLabel', 'code', 'dataPeriod'].map(
        member => [`a Consent that is limited by ${member} gives all`, BEYOND, without(member)] as const,
      ),
      ['a Consent for nothing that is known gives what everybody has', '  if (topics.length === 0) return []\n', ''],
      ['a class of another system is a topic', 'system === RESOURCE_TYPES && ', ''],
      [
        'a class that names no topic gives all',
        '(TOPIC_OF_TYPE[code] ?? []) : [],',
        "(TOPIC_OF_TYPE[code] ?? '*') : [],",
      ],
      [
        'a date that cannot be read leaves a Consent open',
        "return side === 'lo' ? 'infinity' : '-infinity'",
        "return side === 'lo' ? '-infinity' : 'infinity'",
      ],
      [
        'a Consent of a summer’s day ends an hour late',
        '? range[side] : midnightOf(range[side])',
        '? range[side] : range[side]',
      ],
      ['a Consent for so many hours is for whole days', '.length > DATE_LENGTH ?', '.length > 99 ?'],
      ['a person of another server is one here', "if (parsed?.kind === 'local')", 'if (parsed)'],
      [
        'a Consent begins when it was written',
        "const begins = edge(start, 'lo', '-infinity')",
        "const begins = edge(undefined, 'lo', start === null ? '' : '-infinity')",
      ],
      [
        'a Consent never ends',
        "const ends = edge(end, 'hi', 'infinity')",
        "const ends = edge(undefined, 'hi', end === null ? '' : 'infinity')",
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/reach.ts',
    [USER],
    [
      ['a Consent of no patient opens what is nobody’s', 'granting.filter(isOnes).flatMap(', 'granting.flatMap('],
      [
        'who has died is reached again by whatever is written',
        'actor = any(${patients.map(actorOf)}::text[])\n        and actor <> all(${ended}::text[])',
        "actor <> ''",
        ['test/death.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/write.ts',
    [REACH],
    [
      [
        'a Consent that was deleted gives what it gave',
        'reached as (delete from reach where consent in (select ${`${type}/`} || id from gone))',
        'reached as (delete from reach where false and consent in (select ${`${type}/`} || id from gone))',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/visible.ts',
    ['test/access/referrers.test.ts'],
    [
      [
        'user/ scopes reach her own record where only proxies may',
        '...(own ? [hers] : [])',
        '...(own !== undefined ? [hers] : [])',
      ],
      [
        'user/ scopes reach others’ records where proxies may not',
        '...(others ? [given] : [])',
        '...(others !== undefined ? [given] : [])',
      ],
    ],
  ),
]
