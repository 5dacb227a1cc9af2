import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JWK } from 'jose'
import type { Pool } from 'pg'
import { newSecret, storedSecret } from './smart/clients.ts'
import { hashPassword } from './smart/passwords.ts'
import { saveClient, saveClientSetting } from './store/clients.ts'
import { createPerson } from './store/people.ts'

/** The password of every demo person. It is public knowledge: no server with real records loads them. */
export const DEMO_PASSWORD = 'demo-Portico-2026'

type DemoPerson = { id: string; name: string; story: string; actors: readonly string[] }

/** Who the demo's people are in its records. Erin is 15 and has no account before she is 16. */
const PEOPLE: readonly DemoPerson[] = [
  {
    id: 'alice',
    name: 'Alice Archer',
    story: 'an adult with results, letters, appointments and messages',
    actors: ['Patient/alice'],
  },
  {
    id: 'bob',
    name: 'Bob Archer',
    story: 'acts for Alice, in her appointments only',
    actors: ['Patient/bob', 'RelatedPerson/bob-for-alice'],
  },
  {
    id: 'carol',
    name: 'Carol Cole',
    story: 'acted for Alice until yesterday',
    actors: ['Patient/carol', 'RelatedPerson/carol-for-alice'],
  },
  { id: 'dev', name: 'Dev Desai', story: 'has two records that were merged', actors: ['Patient/dev'] },
  {
    id: 'freya',
    name: 'Freya Finch',
    story: 'acts for her daughter Erin, who is 16 tomorrow',
    actors: ['Patient/freya', 'RelatedPerson/freya-for-erin'],
  },
  { id: 'george', name: 'George Grant', story: 'has a restricted record', actors: ['Patient/george'] },
  { id: 'hana', name: 'Hana Hill', story: 'died last month', actors: ['Patient/hana'] },
]

// Any port: an app that runs on the person's own machine picks one when it starts (RFC 8252 section 7.3).
const LOOPBACK = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
  maker: 'the makers of this demo',
}
const APP_SCOPES =
  'openid fhirUser launch launch/patient launch/encounter online_access offline_access patient/*.cruds user/*.cruds'
const SIGNING_ALGORITHM = 'ES384'

/** What whoever started the demo needs to know. */
export type DemoAccounts = {
  password: string
  people: { name: string; email: string; story: string }[]
  clients: { id: string; secret?: string; story: string }[]
}

/** Reads a file that is made once, readable by its owner only. */
async function madeOnce(file: string, make: () => string): Promise<string> {
  await mkdir(join(file, '..'), { recursive: true })
  // `wx` fails when the file is there, made before or by a process that starts at the same time.
  await writeFile(file, make(), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return readFile(file, 'utf8')
}

function newEngineKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'demo-engine', alg: SIGNING_ALGORITHM, use: 'sig' }
  return `${JSON.stringify(jwk, undefined, 2)}\n`
}

async function saveDemoClients(pool: Pool, confidentialSecret: string, enginePrivate: JWK): Promise<void> {
  await saveClient(pool, {
    clientId: 'demo-app',
    name: 'Demo app',
    kind: 'public',
    metadata: LOOPBACK,
    scopes: APP_SCOPES,
    secret: undefined,
  })
  await saveClient(pool, {
    clientId: 'demo-confidential',
    name: 'Demo app with a server',
    kind: 'confidential',
    metadata: LOOPBACK,
    scopes: APP_SCOPES,
    secret: storedSecret(confidentialSecret),
  })
  const { d: _private, ...enginePublic } = enginePrivate
  await saveClient(pool, {
    clientId: 'demo-engine',
    name: 'Demo integration engine',
    kind: 'backend',
    metadata: { jwks: { keys: [enginePublic] } },
    scopes: 'system/*.cruds __launch __introspect',
    secret: undefined,
  })
  await saveClientSetting(pool, 'demo-engine', 'skip')
}

/**
 * Loads the accounts and clients of the demo; again at each start, to the same effect.
 * The secrets of the clients are made once and kept beside the demo's data.
 */
export async function seedDemo(pool: Pool, { dataDir }: { dataDir: string }): Promise<DemoAccounts> {
  const engineKeyFile = join(dataDir, 'demo-engine.jwk.json')
  const engineKey = JSON.parse(await madeOnce(engineKeyFile, newEngineKey)) as JWK
  const confidentialSecret = (await madeOnce(join(dataDir, 'demo-confidential.secret'), newSecret)).trim()
  await saveDemoClients(pool, confidentialSecret, engineKey)

  const passwordHash = await hashPassword(DEMO_PASSWORD)
  const people = PEOPLE.map(person => ({ ...person, email: `${person.id}@example.org` }))
  for (const person of people) await createPerson(pool, { ...person, userName: person.id, passwordHash })
  return {
    password: DEMO_PASSWORD,
    people: people.map(({ name, email, story }) => ({ name, email, story })),
    clients: [
      { id: 'demo-app', story: 'a public app (PKCE); redirects to http://localhost/callback on any port' },
      { id: 'demo-confidential', story: 'an app with a server', secret: confidentialSecret },
      { id: 'demo-engine', story: `an integration engine; its private key is ${engineKeyFile}` },
    ],
  }
}
