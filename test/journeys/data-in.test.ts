// Real records go in as they are, and come back as they were. ALL_DATA=1 takes every patient, not the first few.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { definitionOf } from '../../src/resources/index.ts'
import { saveClientSetting } from '../../src/store/clients.ts'
import { missing, sharedFile } from '../fhir/shared-data.ts'
import { client, inTurn, type Reply } from '../support/client.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken, token } from '../support/token.ts'

const FEW = 5

const s = await server(t)
const engine = client(s, await engineToken(s))
await saveClientSetting(s.pool, 'test-engine', 'skip')

type Entry = { fullUrl?: string; resource: Json; request: { method: string; url: string } }
type Answered = { response: { status: string; location?: string; outcome?: { issue: { diagnostics: string }[] } } }

const filesOf = (folder: string): string[] =>
  readdirSync(sharedFile(`${folder}/`))
    .filter(name => name.endsWith('.json') && name !== 'index.json')
    .sort()
    .map(name => `${folder}/${name}`)

const textOf = (file: string): string => readFileSync(sharedFile(file), 'utf8')
const STRING_OR_NUMBER = /("(?:[^"\\]|\\.)*")|-?\d[\d.eE+-]*/g

/** With every digit of its numbers, which become strings: read in another way than the server reads them. */
const parse = (text: string): Json =>
  JSON.parse(text.replace(STRING_OR_NUMBER, (token, string) => string ?? `"number ${token}"`)) as Json
const entriesOf = (text: string): Entry[] => parse(text).entry as Entry[]
const submit = (text: string): Promise<Reply> => engine('/', { method: 'POST', body: text })
const answersOf = ({ json }: Reply): Answered[] => (json.entry ?? []) as Answered[]
const nameOf = (location: string | undefined): string =>
  /[A-Z][A-Za-z]+\/[^/]+(?=\/_history)/.exec(location ?? '')?.[0] ?? ''

/** Whether a stored resource carries an identifier, written `system|value`. */
const carries = new Map<string, Promise<boolean>>()
function isCarriedBy(name: string, identifier: string): Promise<boolean> {
  const key = `${name} ${identifier}`
  const known = carries.get(key) ?? readIdentifiers(name).then(found => found.includes(identifier))
  carries.set(key, known)
  return known
}

async function readIdentifiers(name: string): Promise<string[]> {
  const { identifier = [] } = (await engine(`/${name}`)).json as { identifier?: { system?: string; value?: string }[] }
  return identifier.map(({ system, value }) => `${system ?? ''}|${value}`)
}

const CONDITIONAL = /^[A-Z][A-Za-z]+\?identifier=(.+)$/
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What came back, with what the server may have made literal put back as it was sent; wrong links are noted. */
async function asSent(
  got: unknown,
  sent: unknown,
  links: ReadonlyMap<string, string>,
  wrong: string[],
): Promise<unknown> {
  if (Array.isArray(got) && Array.isArray(sent))
    return await Promise.all(got.map((item, index) => asSent(item, sent[index], links, wrong)))
  if (isObject(got) && isObject(sent)) {
    const { reference, ...rest } = got
    const isGained = typeof reference === 'string' && sent.reference === undefined && isObject(sent.identifier)
    if (isGained) {
      const { system, value } = sent.identifier as Json
      if (!(await isCarriedBy(reference, `${system ?? ''}|${value}`)))
        wrong.push(`${reference} does not carry ${value}`)
    }
    const members = Object.entries(isGained ? rest : got)
    const back = await Promise.all(
      members.map(async ([name, value]) => [name, await asSent(value, sent[name], links, wrong)] as const),
    )
    return Object.fromEntries(back)
  }
  if (typeof got !== 'string' || typeof sent !== 'string' || got === sent) return got
  const conditional = CONDITIONAL.exec(sent)?.[1]
  if (conditional !== undefined) return (await isCarriedBy(got, decodeURIComponent(conditional))) ? sent : got
  return links.get(sent) === got ? sent : got
}

/** A resource without what is the server's to say, as text: members and items in their order, numbers with their digits. */
function essence({ id: _id, meta, ...rest }: Json): string {
  const { versionId: _version, lastUpdated: _updated, ...said } = (meta ?? {}) as Json
  return JSON.stringify({ ...rest, meta: said })
}

/** What is different in what was stored of a Bundle; nothing, if all is well. */
async function faultsOf(entries: readonly Entry[], answers: readonly Answered[]): Promise<string[]> {
  const faults: string[] = []
  const links = new Map(
    entries.flatMap(({ fullUrl }, index) => {
      const name = nameOf(answers[index]?.response.location)
      return fullUrl && name ? [[fullUrl, name] as const] : []
    }),
  )
  await inTurn([...entries.entries()], async ([index, { resource }]) => {
    const type = String(resource.resourceType)
    const { status = '', location, outcome } = answers[index]?.response ?? {}
    if (!definitionOf(type)) {
      const said = outcome?.issue[0]?.diagnostics ?? ''
      if (location !== undefined || !said.includes(type)) faults.push(`${type} was not said to be skipped: ${said}`)
      return
    }
    const name = nameOf(location)
    const reply = await engine(`/${name}`)
    if (!/^20[01]/.test(status) || reply.status !== 200) faults.push(`${type}: ${status}, ${reply.status}`)
    const wrong: string[] = []
    const got = (await asSent(parse(reply.text), resource, links, wrong)) as Json
    if (essence(got) !== essence(resource)) wrong.push(`${essence(resource)}\n came back as \n${essence(got)}`)
    faults.push(...wrong.map(each => `${name}: ${each}`))
  })
  return faults
}

async function loads(file: string): Promise<string[]> {
  const text = textOf(file)
  const reply = await submit(text)
  if (reply.status !== 200) return [`${reply.status} ${reply.text.slice(0, 1000)}`]
  const entries = entriesOf(text)
  const answers = answersOf(reply)
  if (answers.length !== entries.length) return [`${answers.length} answers to ${entries.length} entries`]
  return await faultsOf(entries, answers)
}

const isAll = process.env.ALL_DATA !== undefined

t.test('the records of synthetic patients come back equal', { skip: missing, timeout: 600_000 }, async t => {
  const files = filesOf('synthea')
  const [places, patients] = [files.slice(0, 2), files.slice(2)]
  // Those with the rarest of what there is, and the smallest of the others.
  const size = (file: string) => textOf(file).length
  const chosen = isAll ? patients : [...patients].sort((a, b) => size(a) - size(b)).slice(0, FEW)
  for (const file of [...places, ...chosen]) t.same((await loads(file)).slice(0, 3), [], file)
  t.ok((await engine('/Observation?_summary=count')).json.total)
})

const isNamed = (name: string): boolean => !/^(Binary|DocumentReference)\//.test(name)

t.test('the records of a trust come back equal, and a second time change nothing', { skip: missing }, async t => {
  for (const file of filesOf('uk-demo')) {
    t.same((await loads(file)).slice(0, 3), [], file)
    const before = await storedVersions(s.pool)
    t.same((await loads(file)).slice(0, 3), [], `${file} again`)
    const after = (await storedVersions(s.pool)).filter(name => !before.includes(name))
    // They send their files without saying which they are: each time they are new ones, and so are the letters' links.
    t.same(after.filter(isNamed), [], `${file} made nothing new`)
  }
})

t.test('a client that is not set to skip is told of every entry that is not served', { skip: missing }, async t => {
  const strict = client(s, await token(s, { sub: 'strict-engine', scope: 'system/*.cruds' }))
  const file = filesOf('synthea').find(name => /\/8a4c9c04/.test(name)) ?? ''
  const unserved = [...entriesOf(textOf(file)).entries()].filter(
    ([, { resource }]) => !definitionOf(String(resource.resourceType)),
  )
  t.ok(unserved.length > 5)
  const before = await storedVersions(s.pool)
  const reply = await strict('/', { method: 'POST', body: textOf(file) })
  t.equal(reply.status, 400)
  const issues = reply.json.issue as { diagnostics: string; expression: string[] }[]
  t.same(
    issues.map(({ expression }) => expression[0]),
    unserved.map(([index]) => `Bundle.entry[${index}].request.url`),
  )
  for (const [index, [, { resource }]] of unserved.entries())
    t.match(issues[index]?.diagnostics, String(resource.resourceType))
  t.same(await storedVersions(s.pool), before)
})
