import type { OnePatient, OnePerson, Permission, Through } from '../access/permit.ts'
import type { Definition, Topic } from '../resources/definition.ts'
import { definitions } from '../resources/index.ts'
import { all, any, join, name, parameter, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { columnsWithin, within } from './within.ts'

/** Who asks for whom, as SQL: parameters of one request, or columns of a batch of requests. */
export type Asker = {
  readonly person: Sql
  readonly patient: Sql
  readonly now: Sql
  /** Where the statement has asked already whether the person reaches the patient: what it found. */
  readonly found?: (topic: Topic) => Sql
  /** Where it was asked beforehand whether what refers to a row can be seen: what was found. */
  readonly referred?: Sql
}

const covers = (topic: Topic): Sql =>
  topic === 'shared' ? raw('true') : sql`g.topics && array['*', ${raw(`'${topic}'`)}]`

/** Who the person is in the records (`a.actor`), as far as her account is open and she lives. */
export const actors = (person: Sql): Sql => sql`person_actor a
    where a.person = ${person} and a.state = 'active'
      and not exists (select from ended_reach e join person_actor d on d.actor = e.actor where d.person = a.person)`

/** Whether a patient's record is open to those who reach her. */
export const isOpen = (patient: Sql): Sql =>
  sql`not exists (select from ended_reach e where e.actor = 'Patient/' || ${patient})`

/**
 * What the person holds of the patient's record at this moment, as rows of topics: all of it as herself, else what a Consent
 * gives that is active now. Asked with every statement and never remembered, so that ending a Consent ends the access.
 */
const held = ({ person, patient, now }: Asker): Sql => sql`select g.topics
    from (select a.actor from ${actors(person)}) a cross join lateral (
      select array['*'] as topics where a.actor = 'Patient/' || ${patient}
      union all
      select r.topics from reach r where r.actor = a.actor and r.patient = ${patient}
        and r.begins <= ${now} and ${now} < r.ends and a.actor <> 'Patient/' || ${patient}) g
    where ${isOpen(patient)}`

/** Whether the person reaches the patient for this topic. */
const reaches = (asker: Asker, topic: Topic): Sql => sql`exists (select from (${held(asker)}) g where ${covers(topic)})`

/** All patients whom the person reaches at this moment, for this topic: as `reaches` says of one. */
function reached({ person, now }: Asker, topic: Topic, { own, others }: OnePerson): Sql {
  const hers = sql`select substr(a.actor, 9) from ${actors(person)} and starts_with(a.actor, 'Patient/')`
  const given = sql`select g.patient from reach g where g.actor in (select a.actor from ${actors(person)})
    and g.begins <= ${now} and ${now} < g.ends and ${covers(topic)} and ${isOpen(sql`g.patient`)}`
  return sql`array(${join([...(own ? [hers] : []), ...(others ? [given] : [])], ' union all ')})`
}

/** The two ways to say whose a row is: one patient's, whom the person has to reach, or that of any whom she reaches. */
type Whose = {
  readonly hers: (row: Sql, topic: Topic) => Sql
  readonly hersOrNobodys: (row: Sql, topic: Topic) => Sql
  /** What remains to be asked where it is known whose the row is. */
  readonly reach: (topic: Topic) => readonly Sql[]
}

function whoseOf(reach: OnePatient | OnePerson, asker: Asker): Whose {
  if (reach.kind === 'patient')
    return {
      hers: row => sql`${row}.patient = ${asker.patient}`,
      hersOrNobodys: row => sql`${row}.patient in ('', ${asker.patient})`,
      reach: topic => [asker.found?.(topic) ?? reaches(asker, topic)],
    }
  const among = (row: Sql, topic: Topic) => sql`${row}.patient = any(${reached(asker, topic, reach)})`
  return {
    hers: among,
    // What is everybody's is for those who reach somebody.
    hersOrNobodys: (row, topic) =>
      sql`(${among(row, topic)} or (${row}.patient = '' and cardinality(${reached(asker, topic, reach)}) > 0))`,
    reach: () => [],
  }
}

/** What the query parts of granular scopes leave of a type, where there are any. */
const narrowedTo = (part: Pick<Through, 'within'>, definition: Definition, row: Sql): readonly Sql[] =>
  part.within ? [within(part.within, definition, row)] : []

/** Whether `f` names a row as what is attached to it. */
const names = (row: Sql): Sql => sql`f.keys @> array[index_key('attachment>Binary/' || ${row}.id)]`

/** A resource of another type that refers to this one and is visible itself: how a Binary is reached. */
function referredTo(row: Sql, asker: Asker, whose: Whose, through: Through): Sql {
  const { definition } = through
  const f = raw('f')
  const referrer = all([
    names(row),
    whose.hers(f, definition.topic),
    sql`f.release_at <= ${asker.now}`,
    ...narrowedTo(through, definition, f),
  ])
  return all([
    sql`exists (select from ${name(tableOf(definition.type))} f where ${referrer})`,
    ...whose.reach(definition.topic),
  ])
}

/** Whose row it must be: hers; for a shared type hers or nobody's; for a Binary hers who sees what refers to it. */
function belongs(
  row: Sql,
  asker: Asker,
  { compartment }: Definition,
  whose: Whose,
  reach: OnePatient | OnePerson,
): Sql {
  if (compartment === 'none') return raw('false')
  if (compartment === 'shared') return whose.hersOrNobodys(row, reach.topic)
  if (compartment !== 'referrers') return whose.hers(row, reach.topic)
  return all([whose.hersOrNobodys(row, reach.topic), asker.referred ?? referred(row, asker, reach)])
}

/** Whether anything that refers to a row can be seen. */
const referred = (row: Sql, asker: Asker, reach: OnePatient | OnePerson): Sql =>
  any(reach.through.map(through => referredTo(row, asker, whoseOf(reach, asker), through)))

function visiblePart(definition: Definition, reach: OnePatient | OnePerson, row: Sql, asker: Asker): Sql {
  const whose = whoseOf(reach, asker)
  return all([
    belongs(row, asker, definition, whose, reach),
    sql`${row}.release_at <= ${asker.now}`,
    ...narrowedTo(reach, definition, row),
    ...whose.reach(reach.topic),
  ])
}

/**
 * The confidentiality boundary: the one predicate that says which rows of a type (current or in history) a
 * permission lets its holder see. Every read, search, include and history is built on it.
 */
export function visible(permission: Permission, row: Sql, asker: (reach: OnePatient | OnePerson) => Asker): Sql {
  const { definition } = permission
  if (permission.kind === 'everything') return all(narrowedTo(permission, definition, row))
  if (permission.kind !== 'union') return visiblePart(definition, permission, row, asker(permission))
  return any(permission.of.map(part => visiblePart(definition, part, row, asker(part))))
}

const askerOf = (reach: OnePatient | OnePerson, now: Sql): Asker => ({
  person: parameter(reach.person, 'text'),
  // Who asks for all whom she reaches asks for nobody in particular.
  patient: reach.kind === 'patient' ? parameter(reach.patient, 'text') : raw('null::text'),
  now,
})

const at = (now: Date): Sql => parameter(now.toISOString(), 'timestamptz')

/** The same for one request, whose person, patient and time are parameters. */
export const visibleTo = (permission: Permission, row: Sql, now: Date): Sql =>
  visible(permission, row, reach => askerOf(reach, at(now)))

/** `visible()` of rows within a statement that knows who asks when. */
export type Judge = (permission: Permission, row: Sql) => Sql

/** Each row by itself, whatever else the statement asks. */
export const judgeAt =
  (now: Date): Judge =>
  (permission, row) =>
    visibleTo(permission, row, now)

/** What is asked of one id before it is known whether anything has it. */
export type Beforehand = {
  readonly judge: Judge
  /** Whether a row is the file of a result, whoever's it is. */
  readonly isOfResult: (row: Sql) => Sql
  /** The first parts of the statement's `with`, each with a comma behind it. */
  readonly asked: Sql
  /** True, and what makes sure that the statement asks, whatever else it finds: to be part of what it always does. */
  readonly isAsked: Sql
}

/** The types of which only what holds now is shown to patients. */
const currentOnly = [...definitions.values()].filter(definition => definition.currentOnly)

const isOfResult = (row: Sql): Sql =>
  any(currentOnly.map(definition => sql`exists (select from ${name(tableOf(definition.type))} f where ${names(row)})`))

/** Where nothing is asked beforehand: of several ids, or of what is seen by itself. */
export const askAsFound = (now: Date): Beforehand => ({
  judge: judgeAt(now),
  isOfResult,
  asked: raw(''),
  isAsked: raw('true'),
})

/**
 * For a question about one id: what is seen through others is looked for by them also when there is nothing of this id. Otherwise
 * the time that it takes would tell whether somebody has it.
 */
export function askBeforehand(permission: Permission, id: string | undefined, now: Date): Beforehand {
  const { definition } = permission
  if (id === undefined || permission.kind === 'everything' || definition.compartment !== 'referrers')
    return askAsFound(now)
  const parts: readonly (OnePatient | OnePerson)[] = permission.kind === 'union' ? permission.of : [permission]
  const time = at(now)
  const columns = parts.map(
    (part, index) => sql`${referred(raw('w'), askerOf(part, time), part)} as ${raw(`part${index}`)}`,
  )
  const found = (reach: OnePatient | OnePerson) => raw(`(select part${parts.indexOf(reach)} from referred)`)
  return {
    judge: (asked, row) => visible(asked, row, reach => ({ ...askerOf(reach, time), referred: found(reach) })),
    isOfResult: () => raw('(select of_result from referred)'),
    asked: sql`referred as materialized (select ${join(columns, ', ')}, ${isOfResult(raw('w'))} as of_result from (select ${id}::text as id) w), `,
    isAsked: raw('(select count(*) from referred) = 1'),
  }
}

/** `visible()` for a statement about many types, in which each question of reach is asked once. */
export type Once = {
  readonly visible: Judge
  /** Whether there is any question so far: an engine is asked none. */
  readonly isAsked: () => boolean
  /** The part of the statement's `with` that asks, first of all: it is known when the rest has been written. */
  readonly asked: () => Sql
}

/** Of one request: what a person reaches of a patient is looked up once, and each topic asked of that: as `reaches` says. */
export function askOnce(now: Date): Once {
  const then = at(now)
  const askers = new Map<string, Asker>()
  const holders: Sql[] = []
  const questions: Sql[] = []
  const knowing = (asker: Asker): Asker => {
    const answers = new Map<Topic, Sql>()
    let rows: Sql | undefined
    const ask = (topic: Topic): Sql => {
      if (!rows) {
        rows = raw(`held${holders.length}`)
        holders.push(sql`${rows} as materialized (${held(asker)})`)
      }
      const answer = raw(`reach${questions.length}`)
      questions.push(sql`exists (select from ${rows} g where ${covers(topic)}) as ${answer}`)
      return sql`(select ${answer} from asked)`
    }
    const found = (topic: Topic): Sql => {
      const answer = answers.get(topic) ?? ask(topic)
      answers.set(topic, answer)
      return answer
    }
    return { ...asker, found }
  }
  const askerFor = (reach: OnePatient | OnePerson): Asker => {
    // An id has no space in it, so that no two are the same.
    const key = `${reach.kind === 'patient' ? reach.patient : ''} ${reach.person}`
    const asker = askers.get(key) ?? knowing(askerOf(reach, then))
    askers.set(key, asker)
    return asker
  }
  return {
    visible: (permission, row) => visible(permission, row, askerFor),
    isAsked: () => questions.length > 0,
    asked: () => {
      const asked = sql`asked as materialized (select ${join([raw('true as is_asked'), ...questions], ', ')})`
      return join([...holders, asked], ', ')
    },
  }
}

/** Whether questions by such permissions can share a statement, in which person and patient are columns. */
export const canShare = (permission: Permission): boolean =>
  permission.definition.compartment !== 'referrers' &&
  (permission.kind === 'everything' || permission.kind === 'patient') &&
  permission.within === undefined

/** The columns of a version that `visible` may look at, beside its id: of the query parts' parameters where there are any. */
export function judgedColumns(permission: Permission): string {
  const parts = permission.kind === 'union' ? permission.of : [permission]
  const columns = columnsWithin(
    parts.flatMap(part => part.within ?? []),
    permission.definition,
  )
  return ['patient', 'release_at', ...columns.map(each => `"${each}"`)].join(', ')
}
