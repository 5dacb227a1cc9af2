import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import {
  type Administrator,
  change,
  disable,
  enable,
  list,
  register,
  rotateSecret,
  show,
  type Told,
} from './administer.ts'
import { MEMBERS } from './description.ts'

/** How the command is used. */
export const USAGE = `npm run --silent clients -- COMMAND

  list
  show ID
  register --kind public|confidential|backend --name NAME --scope 'SCOPES' [OPTIONS]
  change ID [--name NAME] [--scope 'SCOPES'] [OPTIONS]    what is not said stays as it is
  rotate-secret ID [--overlap SECONDS]                    the one before is good for as long; if nothing is said, no more
  disable ID                                              its tokens are dead at once
  enable ID

OPTIONS
  --id ID                 the client_id; made up if it is not said
  --maker NAME            who made it: patients are told
  --redirect URI          where it is called back, exactly; may be repeated
  --logout URI            where it is called back after signing out; may be repeated
  --origin ORIGIN         from which its pages may call, beside those of its redirect URIs; may be repeated
  --jwks FILE             its public keys, as a JWK Set
  --jwks-uri URL          or where they are
  --secret                a backend client that has a secret instead of keys
  --contact TEXT          whom to ask about it; may be repeated
  --unserved refuse|skip  what its transactions do with resource types that are not served
`

/** The command was not used as it can be. */
export class UsageError extends Error {}

const OPTIONS = {
  id: { type: 'string' },
  kind: { type: 'string' },
  name: { type: 'string' },
  scope: { type: 'string' },
  maker: { type: 'string' },
  redirect: { type: 'string', multiple: true },
  logout: { type: 'string', multiple: true },
  origin: { type: 'string', multiple: true },
  jwks: { type: 'string' },
  'jwks-uri': { type: 'string' },
  secret: { type: 'boolean' },
  contact: { type: 'string', multiple: true },
  unserved: { type: 'string' },
  overlap: { type: 'string' },
} as const

type Given = ReturnType<typeof parse>['values']

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function keysIn(file: string | undefined): Promise<unknown> {
  if (file === undefined) return undefined
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`--jwks ${file}: ${(error as Error).message}`)
  }
}

/** What was said, as a description: only what was said is in it. */
async function described(given: Given): Promise<Record<string, unknown>> {
  const said = {
    client_id: given.id,
    kind: given.kind,
    client_name: given.name,
    scope: given.scope,
    maker: given.maker,
    redirect_uris: given.redirect,
    post_logout_redirect_uris: given.logout,
    cors_origins: given.origin,
    jwks: await keysIn(given.jwks),
    jwks_uri: given['jwks-uri'],
    token_endpoint_auth_method: given.secret ? 'client_secret_basic' : undefined,
    contacts: given.contact,
    unserved: given.unserved,
  }
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}

/** What a client is now, with what was said put in its place: keys take the place of keys, in whatever form. */
function changed(now: Told, said: Record<string, unknown>): Record<string, unknown> {
  const before = Object.entries(now).filter(([name]) => MEMBERS.includes(name))
  const hasNewKeys = 'jwks' in said || 'jwks_uri' in said
  const replaced = hasNewKeys ? ['jwks', 'jwks_uri', 'token_endpoint_auth_method'] : []
  return { ...Object.fromEntries(before.filter(([name]) => !replaced.includes(name))), ...said }
}

function table(clients: readonly Told[]): string {
  const rows = clients.map(({ client_id, kind, state, client_name, maker }) => [
    client_id,
    String(kind),
    String(state),
    maker === undefined ? String(client_name) : `${client_name} (${maker})`,
  ])
  const widths = [0, 1, 2].map(column => Math.max(0, ...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')).join('\n')
}

const json = (told: Told): string => JSON.stringify(told, undefined, 2)

type Command = (administrator: Administrator, id: string, given: Given) => Promise<Told>

const OF_ONE: Readonly<Record<string, Command>> = {
  show,
  disable,
  enable,
  'rotate-secret': (administrator, id, { overlap }) =>
    rotateSecret(administrator, id, overlap === undefined ? undefined : { overlap_seconds: Number(overlap) }),
  change: async (administrator, id, given) =>
    change(administrator, id, changed(await show(administrator, id), await described(given))),
}

/**
 * Runs one command line of `npm run clients`.
 * @returns what is printed
 * @throws UsageError when it is none; an OAuth error with a description when it cannot be done
 */
export async function runCommand(args: readonly string[], administrator: Administrator): Promise<string> {
  const { positionals, values } = parse(args)
  const [command = '', id, ...more] = positionals
  const ofOne = OF_ONE[command]
  if (more.length > 0) throw new UsageError(`what is ${more.join(' ')}?`)
  if (ofOne) {
    if (id === undefined) throw new UsageError(`${command} needs the id of a client`)
    return json(await ofOne(administrator, id, values))
  }
  if (id !== undefined) throw new UsageError(`what is ${id}?`)
  if (command === 'list') return table(await list(administrator))
  if (command === 'register') return json(await register(administrator, await described(values)))
  throw new UsageError(`there is no command “${command}”`)
}
