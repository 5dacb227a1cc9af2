import { mutantsOf } from './mutant.ts'

const RULES = 'test/resources/release.test.ts'
const RELEASE = 'test/release.test.ts'
const PANELS = 'test/release-of-panels.test.ts'
const NAMED = 'test/release-by-identifier.test.ts'

/** From when on a patient may see what is hers: the rules, and what is not shown before something else. */
export const release = [
  ...mutantsOf(
    'src/resources/release.ts',
    [RULES],
    [
      [
        'what is very restricted is shown',
        "  if (coded(resource.meta?.security, CONFIDENTIALITY, 'V')) return 'never'\n",
        '',
      ],
      ['what is withheld is shown', "RESULT_RELEASE, 'SWTH', 'SIDC', 'STBD')", "RESULT_RELEASE, 'SIDC', 'STBD')"],
      ['what needs counselling is shown', "RESULT_RELEASE, 'SWTH', 'SIDC', 'STBD')", "RESULT_RELEASE, 'SWTH', 'STBD')"],
      ['what is to be decided is shown', "RESULT_RELEASE, 'SWTH', 'SIDC', 'STBD')", "RESULT_RELEASE, 'SWTH', 'SIDC')"],
      ['what waits for a working day is shown at once', "RESULT_RELEASE, 'SID', 'SWNL')", "RESULT_RELEASE, 'SWNL')"],
      ['what waits for normal results is shown at once', "RESULT_RELEASE, 'SID', 'SWNL')", "RESULT_RELEASE, 'SID')"],
      [
        'what was issued at no time that can be read is shown',
        "at > CALENDAR.last) return 'never'",
        "at > CALENDAR.last) return 'now'",
      ],
      ['a preliminary result is shown', "new Set(['final', 'amended',", "new Set(['preliminary', 'final', 'amended',"],
      ['a result of any status is shown', "RELEASED_RESULTS.has(resource.status ?? '') ?", 'RELEASED_RESULTS ?'],
      ['the draft of a letter is shown', "resource.docStatus === 'preliminary' || ", ''],
      [
        'a letter that was an error is shown',
        "resource.docStatus === 'preliminary' || resource.docStatus === 'entered-in-error'",
        "resource.docStatus === 'preliminary'",
      ],
      [
        'a letter needs no release of its own',
        "    ? 'never'\n    : recordRelease(resource, now)\n\n/** A message",
        "    ? 'never'\n    : 'now'\n\n/** A message",
      ],
      [
        'a message is shown while it is being prepared',
        "resource.status === 'preparation' ? 'never' : recordRelease",
        'recordRelease',
      ],
      [
        'what was entered in error is shown',
        "resource.status === 'entered-in-error' ? 'never' : tagged(resource, now)",
        'tagged(resource, now)',
      ],
    ],
  ),
  ...mutantsOf(
    'src/resources/working-days.ts',
    ['test/resources/working-days.test.ts'],
    [
      ['a result is released on a Sunday', 'weekday !== 0 && ', ''],
      ['a result is released on a Saturday', 'weekday !== 6 && ', ''],
      ['a result is released on a holiday', ' && !holidays.has(day)', ''],
      ['a result is released by the clock of winter', ' - (localTime(nine).hour - OPENING_HOUR) * HOUR', ''],
      [
        'the day of a result is that of Greenwich',
        'new Date(`${localTime(at).day}T12:00:00Z`)',
        'new Date(`${at.toISOString().slice(0, 10)}T12:00:00Z`)',
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/release.ts',
    [RELEASE, NAMED],
    [
      [
        'a result that is withheld is shown with its report',
        'set release_at = greatest(r.release_own, held.latest)',
        'set release_at = coalesce(held.latest, r.release_own)',
      ],
      [
        'of two reports of a result the first that is released shows it',
        'select p.id, greatest(max(h.release_at), max(${latestAbove(inheritance)})) as latest',
        'select p.id, greatest(min(h.release_at), max(${latestAbove(inheritance)})) as latest',
      ],
      [
        'the values of a panel are shown before its report',
        '[...panels.map(({ id }) => id), ...others])',
        '[])',
        [PANELS],
      ],
      [
        'a value that comes after its panel is shown before it',
        'greatest(max(h.release_at), max(${latestAbove(inheritance)})) as latest',
        'max(h.release_at) as latest',
        [PANELS],
      ],
      [
        'of the panels of a value the first that is released shows it',
        'sql`(select max(m.release_at)',
        'sql`(select min(m.release_at)',
        [PANELS],
      ],
      [
        'what is withheld by a report that was there before is shown',
        'mayBeReferredTo(each) || held.has(each.id)',
        'held.has(each.id)',
      ],
      [
        'a result that comes with its report is shown before it',
        'mayBeReferredTo(each) || held.has(each.id)',
        'mayBeReferredTo(each)',
      ],
      [
        'what was there before its report is not withheld with it',
        'const others = [...held].filter(id => !own.has(id)).sort()',
        'const others: string[] = [...held].filter(id => !own.has(id) && id === null).sort()',
      ],
      [
        'who carries an identifier is not withheld with who names it',
        'await carriersOf(db, inheritance, [...former.carried, ...named])',
        'await carriersOf(db, inheritance, [...former.carried])',
        [NAMED],
      ],
      [
        'what is named by an identifier is not withheld when it comes later',
        '    ...carriedBy(inheritance, resource).map(\n      ({ system',
        '    ...[].map(\n      ({ system',
        [NAMED],
      ],
      [
        'who names and who carries at the same time do not wait for each other',
        'slots.set(slotOf(key), true)',
        'slots.set(slotOf(key), false)',
        [NAMED],
      ],
      [
        'a report that is no longer withheld frees nobody who waits',
        '  return [...named, ...(await keysHeldBefore(db, inheritance, changed, now))]',
        '  return [...named, ...(await keysHeldBefore(db, inheritance, changed.slice(0, 0), now))]',
        [NAMED],
      ],
    ],
  ),
  ...mutantsOf(
    'src/store/follow.ts',
    ['test/provenance.test.ts'],
    [
      [
        'a Provenance is shown before what it is about',
        'release_at = greatest(r.release_own, s.latest)\n',
        'release_at = r.release_own\n',
      ],
      [
        'a Provenance that is withheld itself is shown with what it is about',
        'release_at = greatest(r.release_own, s.latest)\n',
        'release_at = coalesce(s.latest, r.release_own)\n',
      ],
      [
        'of what a Provenance is about the first released shows it',
        'max(o.release_at) as latest',
        'min(o.release_at) as latest',
      ],
      [
        'a Provenance of two patients is one’s',
        'else ${SEVERAL_PATIENTS} end as patient',
        "else min(nullif(o.patient, '')) end as patient",
      ],
      ['a Provenance stays shown when its result is withheld with a report', '  ...released,\n', ''],
      [
        'a Provenance stays whose it was when its target is another’s',
        ".filter(({ replaces, method }) => replaces || method === 'PUT')",
        '.filter(({ replaces, method }) => !replaces && method === "PUT")',
      ],
      [
        'what was deleted was nobody’s for a Provenance about it',
        'select n.id, coalesce(t.patient, d.patient) collate "default"',
        'select n.id, t.patient collate "default"',
      ],
      [
        'what is not known to be hers is hers for a Provenance about it',
        'and count(*) = count(o.patient) then',
        'then',
      ],
      [
        'a Provenance of hers and of a patient of another server is hers',
        '(namesStranger ? [id] : [])',
        '(namesStranger ? [] : [])',
      ],
      ['who writes a target at the same time is not waited for', '    await lockTargets(db, followed.following)\n', ''],
    ],
  ),
  ...mutantsOf(
    'src/store/row-patient.ts',
    ['test/store/row-patient.test.ts'],
    [
      [
        'what names several patients is the first one’s',
        'const isSeveral = others.length > 0 || (',
        'const isSeveral = (',
        ['test/handlers/operations/everything.test.ts'],
      ],
      ['what names her and a patient who is not known is hers', "(first !== '' || !isOnes)", '!isOnes'],
      [
        'what is everybody’s is also when it names a patient who is not known',
        "(first !== '' || !isOnes)",
        "first !== ''",
      ],
      [
        'what was nobody’s does not become hers when she arrives',
        'awaitedOf(definition, resource, strangers) : []',
        'awaitedOf(definition, resource, []) : []',
      ],
    ],
  ),
  ...mutantsOf(
    'src/fhir/reference.ts',
    ['test/store/row-patient.test.ts'],
    [
      ['a patient of another server is none', '?? said ?? type', '?? type'],
      ['a contained patient is none', '(contained ?? said', '(said'],
      ['who is named by an NHS number is no patient', '?? typeCarrying(identifier?.system)) ===', ') ==='],
    ],
  ),
  ...mutantsOf(
    'src/store/row.ts',
    ['test/leak.test.ts'],
    [
      [
        'what is never released is released',
        "return release === 'never' ? 'infinity' :",
        "return release === 'never' ? '-infinity' :",
        [RELEASE],
      ],
      [
        'a file of another server opens ours of the same id',
        "if (server === '' || server === `${base}/`) row.keys",
        'row.keys',
        ['test/access/referrers.test.ts'],
      ],
      ['what is released later is released now', ': timestamp(release.getTime())\n}', ": '-infinity'\n}", [RELEASE]],
    ],
  ),
]
