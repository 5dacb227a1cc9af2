import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JWK } from 'jose'
import type { Test } from 'tap'
import { browser, choosePerson, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD, seedDemo } from '../../src/demo-people.ts'
import { loadRecords } from './records.ts'
import { type ServerOptions, server, type TestServer } from './server.ts'

export type DemoServer = TestServer & {
  /** The secret of `demo-confidential`. */
  secret: string
  /** The private key of `demo-engine`. */
  engineKey: JWK
}

/** A listening server with the demo's accounts and apps, and the records of Alice and Bob when wanted. */
export async function demoServer(
  t: Test,
  { records = true, ...options }: ServerOptions & { records?: boolean } = {},
): Promise<DemoServer> {
  const running = await server(t, options)
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.teardown(() => rm(dataDir, { recursive: true }))
  const { clients } = await seedDemo(running.pool, { dataDir })
  const engineKey = JSON.parse(await readFile(join(dataDir, 'demo-engine.jwk.json'), 'utf8')) as JWK
  if (records) await loadRecords(running)
  return { ...running, engineKey, secret: clients.find(({ id }) => id === 'demo-confidential')?.secret ?? '' }
}

export type Decision = {
  who: string
  /** Whose record; without it, the one that the page offers first. */
  patient?: string
  untick?: readonly string[]
  deny?: boolean
}

/**
 * Goes through the sign-in and consent pages as a person does. Returns the address that the app is called back at.
 * @throws Error when the server shows a page that has nothing to sign in to
 */
export async function decide(baseUrl: string, authorizeUrl: string, decision: Decision): Promise<URL> {
  const { who, patient, untick = [], deny = false } = decision
  const open = browser(baseUrl)
  const send = (page: Visited, action: string, fields: [string, string][]) => {
    const csrf = fieldsOf(page.html).find(({ name }) => name === 'csrf')?.value ?? ''
    const url = page.url.replace(/(\/interaction\/[^/]+).*/, '$1')
    return open(`${url}/${action}`, new URLSearchParams([['csrf', csrf], ...fields]))
  }
  const first = await open(authorizeUrl)
  if (first.html === '') return new URL(first.url)
  if (!first.html.includes('name="csrf"')) {
    throw new Error(`the server stays at: ${/<h1[^>]*>(.*?)<\/h1>/s.exec(first.html)?.[1]}`)
  }
  const signedIn = await send(first, 'sign-in', [
    ['name', `${who}@example.org`],
    ['password', DEMO_PASSWORD],
  ])
  const offered = fieldsOf(signedIn.html).find(({ type }) => type === 'radio')?.value ?? ''
  const consent = await choosePerson(open, signedIn, patient ?? offered)
  if (deny) return new URL((await send(consent, 'refuse', [])).url)
  const fields = fieldsOf(consent.html)
  const chosen = patient ?? fields.find(({ name }) => name === 'patient')?.value ?? ''
  const ticks = fields.filter(({ name, value }) => name === 'scope' && !untick.includes(value))
  const allowed = ticks.map(({ value }): [string, string] => ['scope', value])
  return new URL((await send(consent, 'consent', [['patient', chosen], ...allowed])).url)
}
