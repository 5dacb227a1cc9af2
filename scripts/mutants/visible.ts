import { mutantsOf } from './mutant.ts'

const REACH = 'test/reach.test.ts'
const LEAK = 'test/leak.test.ts'
const LIMITED = 'test/leak-granular.test.ts'
const EVERYTHING = 'test/handlers/operations/everything.test.ts'
const USER = 'test/access/user-scopes.test.ts'
const RELEASE = 'test/release.test.ts'
const DEATH = 'test/death.test.ts'
const WRITES = 'test/handlers/within-scopes.test.ts'

/** The one predicate: src/store/visible.ts, and what it is made of. */
export const visible = [
  ...mutantsOf(
    'src/store/visible.ts',
    [REACH, USER],
    [
      ['a topic gives all topics', "sql`g.topics && array['*', ${raw(`'${topic}'`)}]`", "raw('true')"],
      ['an account that is closed reaches', "a.person = ${person} and a.state = 'active'", 'a.person = ${person}'],
      ['anybody is the person', 'where a.person = ${person} and', 'where ${person}::text is not null and'],
      [
        'a person who has died reaches',
        'join person_actor d on d.actor = e.actor where d.person = a.person)`',
        'join person_actor d on d.actor = e.actor where false)`',
        [DEATH],
      ],
      [
        'a patient who has died is reached',
        "where e.actor = 'Patient/' || ${patient})`",
        'where e.actor = ${patient})`',
        [DEATH],
      ],
      [
        'everybody reaches everybody',
        "as topics where a.actor = 'Patient/' || ${patient}",
        "as topics where a.actor <> ''",
      ],
      [
        'a Consent is for every actor',
        'from reach r where r.actor = a.actor and r.patient',
        'from reach r where r.patient',
      ],
      ['a Consent is for every patient', 'r.actor = a.actor and r.patient = ${patient}', 'r.actor = a.actor'],
      ['a Consent counts before it begins', 'and r.begins <= ${now} and ${now} < r.ends', 'and ${now} < r.ends'],
      ['a Consent counts after it ends', 'and r.begins <= ${now} and ${now} < r.ends', 'and r.begins <= ${now}'],
      [
        'user/ scopes count before a Consent begins',
        '    and g.begins <= ${now} and ${now} < g.ends and ${covers(topic)} and ${isOpen',
        '    and ${now} < g.ends and ${covers(topic)} and ${isOpen',
        [USER],
      ],
      [
        'user/ scopes count after a Consent ends',
        '    and g.begins <= ${now} and ${now} < g.ends and ${covers(topic)} and ${isOpen',
        '    and g.begins <= ${now} and ${covers(topic)} and ${isOpen',
        [USER],
      ],
      [
        'user/ scopes give all topics',
        'and ${now} < g.ends and ${covers(topic)} and ${isOpen(sql`g.patient`)}`',
        'and ${now} < g.ends and ${isOpen(sql`g.patient`)}`',
        [USER],
      ],
      ['user/ scopes reach who has died', ' and ${isOpen(sql`g.patient`)}`', '`', [DEATH]],
      [
        'user/ scopes reach whom anybody acts for',
        'where g.actor in (select a.actor from ${actors(person)})',
        'where g.actor in (select a.actor from ${actors(person)}) or true',
        [USER],
      ],
      [
        'every row is hers',
        'hers: row => sql`${row}.patient = ${asker.patient}`',
        'hers: () => sql`${asker.patient} is not null`',
        [LEAK],
      ],
      [
        'what is everybody’s may be anybody’s',
        "hersOrNobodys: row => sql`${row}.patient in ('', ${asker.patient})`",
        'hersOrNobodys: () => sql`${asker.patient} is not null`',
        [LEAK],
      ],
      [
        'a patient need not be reached',
        'reach: topic => [asker.found?.(topic) ?? reaches(asker, topic)]',
        'reach: () => []',
      ],
      [
        'what is asked once for many types is not asked',
        'sql`exists (select from ${rows} g where ${covers(topic)}) as',
        'sql`true as',
        [EVERYTHING],
      ],
      [
        'one topic is asked for all',
        'const answer = answers.get(topic) ?? ask(topic)',
        'const answer = [...answers.values()][0] ?? ask(topic)',
        [EVERYTHING],
      ],
      [
        'what is everybody’s is for those who reach nobody',
        'and cardinality(${reached(asker, topic, reach)}) > 0))`',
        '))`',
        [USER],
      ],
      [
        'granular scopes limit nothing',
        'part.within ? [within(part.within, definition, row)] : []',
        'part.within ? [] : []',
        [WRITES],
      ],
      [
        'any letter opens any Binary',
        '  const referrer = all([\n    names(row),\n',
        '  const referrer = all([\n',
        [LEAK, USER],
      ],
      ['others’ letters open a Binary', '    whose.hers(f, definition.topic),\n', '', [LEAK, USER]],
      ['a letter that is not released opens its Binary', 'sql`f.release_at <= ${asker.now}`,', '', [RELEASE]],
      [
        'granular scopes on letters do not limit Binaries',
        '    ...narrowedTo(through, definition, f),\n',
        '',
        ['test/access/referrers.test.ts'],
      ],
      ['letters open Binaries to proxies without letters', '    ...whose.reach(definition.topic),\n', '', [REACH]],
      [
        'what is no patient’s is everybody’s',
        "if (compartment === 'none') return raw('false')",
        "if (compartment === 'none') return raw('true')",
        ['test/access/referrers.test.ts'],
      ],
      [
        'a Binary that names another patient is hers',
        'return all([whose.hersOrNobodys(row, reach.topic), asker.referred ?? referred(row, asker, reach)])',
        'return asker.referred ?? referred(row, asker, reach)',
        ['test/access/referrers.test.ts'],
      ],
      [
        'a Binary needs nothing that refers to it',
        'return all([whose.hersOrNobodys(row, reach.topic), asker.referred ?? referred(row, asker, reach)])',
        'return whose.hersOrNobodys(row, reach.topic)',
        [REACH, LEAK],
      ],
      [
        'the time tells that somebody has a Binary',
        "isAsked: raw('(select count(*) from referred) = 1')",
        "isAsked: raw('true')",
        ['test/same-work.test.ts'],
        'PostgreSQL answers what names no row before it looks for rows: it need not always, and with this it has to',
      ],
      [
        'what refers to a Binary is asked for when it is found',
        'if (id === undefined || permission.kind',
        'if (id !== undefined || permission.kind',
        ['test/same-work.test.ts'],
      ],
      ['what is not released is shown', '    sql`${row}.release_at <= ${asker.now}`,\n', '', [RELEASE]],
      ['granular scopes of persons limit nothing', '    ...narrowedTo(reach, definition, row),\n', '', [USER, LIMITED]],
      ['the reach is not asked', '    ...whose.reach(reach.topic),\n', ''],
      [
        'a limited engine sees all',
        "if (permission.kind === 'everything') return all(narrowedTo(permission, definition, row))",
        "if (permission.kind === 'everything') return all([])",
        [WRITES],
      ],
      [
        'two reaches need not be asked',
        'return any(permission.of.map(part => visiblePart(definition, part, row, asker(part))))',
        "return raw('true')",
        [USER],
      ],
      ['limited reads share a statement with others', ' &&\n  permission.within === undefined', '', [LIMITED]],
      [
        'Binaries share a statement with other reads',
        "permission.definition.compartment !== 'referrers' &&\n",
        '',
        [REACH, LEAK, USER, 'test/access/referrers.test.ts'],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/within.ts',
    [WRITES, LIMITED],
    [
      [
        'of the conditions of a scope one is enough',
        'all(clauses.map(clause => holds(clause, definition, row)))',
        'any(clauses.map(clause => holds(clause, definition, row)))',
      ],
      ['of several scopes all have to hold', 'any(queries.map(clauses =>', 'all(queries.map(clauses =>'],
      [
        'what is not known counts as within, when it is asked whether it is outside',
        'sql`coalesce(${any(queries.map(clauses => all(clauses.map(clause => holds(clause, definition, row)))))}, false)`',
        'any(queries.map(clauses => all(clauses.map(clause => holds(clause, definition, row)))))',
      ],
      [
        'an id need not be the one of the scope',
        "if (declared === 'id') return sql`",
        "if (declared === 'id') return raw('true') ?? sql`",
      ],
      [
        'a reference need not be the one of the scope',
        "return declared.type === 'reference' ? refersTo(clause, declared, row) : raw('false')",
        "return raw('true')",
      ],
    ],
  ),
]
