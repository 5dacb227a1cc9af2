import { hash } from 'node:crypto'
import type { Client, Pool } from 'pg'

/** The access tokens that were taken back before their end, known in memory. */
export type Revocations = {
  /** Whether a token is to be refused; true for every token while the set may be out of date. */
  isRevoked(jti: string): boolean
  /** Whether the set is up to date: loaded, and listening for more. */
  ready(): boolean
  /** Waits until what was revoked before the call is known here: who was told "revoked" may rely on it. */
  settled(): Promise<void>
  close(): Promise<void>
}

type Options = {
  /** Makes the connection to listen on: one of its own, not one of the pool. */
  listen: () => Client
  /** How long to wait before connecting again, and between two signs of life, in milliseconds. */
  retry?: number
  heartbeat?: number
}

const key = (jti: string): string => hash('sha256', jti, 'hex')

async function load(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ hash: string; exp: number }>(
    `select encode(jti_hash, 'hex') as hash, ceil(extract(epoch from exp))::int8::float8 as exp
     from revoked_token where exp > now() - interval '5 minutes'`,
  )
  return new Map(rows.map(row => [row.hash, row.exp]))
}

type Listener = { current: Client | undefined; isReady: boolean; closed: boolean; revoked: Map<string, number> }

async function connect(pool: Pool, listener: Listener, client: Client, lost: () => void): Promise<void> {
  listener.current = client
  client.on('error', lost)
  client.on('end', lost)
  client.on('notification', ({ payload = '' }) => {
    const [hashed, exp] = payload.split(' ')
    if (hashed) listener.revoked.set(hashed, Number(exp))
  })
  await client.connect()
  await client.query('listen portico_revoked')
  // Loaded after LISTEN took effect: what is revoked in between is in the rows, in a notification, or in both.
  for (const [hashed, exp] of await load(pool)) listener.revoked.set(hashed, exp)
  if (listener.current === client && !listener.closed) listener.isReady = true
}

/** A connection that died without a word would leave the set silently out of date. */
function checkAlive({ current, isReady }: Listener, patience: number, lost: (client: Client) => void): void {
  if (!current || !isReady) return
  const silence = setTimeout(() => lost(current), patience).unref()
  current.query('select 1').then(
    () => clearTimeout(silence),
    () => lost(current),
  )
}

/**
 * PostgreSQL sends a listener its notifications before it says that it is ready for more: after the answer to a query,
 * those of every transaction that was over before it are here. A connection that gives no answer is soon taken for lost.
 */
async function settle({ current }: Listener): Promise<void> {
  await current?.query('select 1').catch(() => {})
}

function forgetExpired({ revoked }: Listener): void {
  const longAgo = Date.now() / 1000 - 300
  for (const [hashed, exp] of revoked) if (exp < longAgo) revoked.delete(hashed)
}

/**
 * Keeps the set of revoked access tokens in memory: a database look-up for each request would cost most of its
 * speed. Listens on a connection of its own, loads all after each connect, and refuses everything while not connected.
 */
export async function revocations(
  pool: Pool,
  { listen, retry = 500, heartbeat = 5000 }: Options,
): Promise<Revocations> {
  const listener: Listener = { current: undefined, isReady: false, closed: false, revoked: new Map() }
  let timer: NodeJS.Timeout | undefined

  const open = async (): Promise<void> => {
    const client = listen()
    await connect(pool, listener, client, () => lost(client)).catch(error => {
      lost(client)
      throw error
    })
  }
  const lost = (client: Client): void => {
    if (client !== listener.current || listener.closed) return
    listener.isReady = false
    listener.current = undefined
    client.end().catch(() => {})
    timer = setTimeout(() => open().catch(() => {}), retry).unref()
  }
  const beat = setInterval(() => {
    forgetExpired(listener)
    checkAlive(listener, heartbeat, lost)
  }, heartbeat).unref()
  const close = async () => {
    listener.closed = true
    listener.isReady = false
    clearInterval(beat)
    clearTimeout(timer)
    await listener.current?.end()
  }

  await open().catch(async error => {
    await close()
    throw error
  })
  return {
    isRevoked: jti => !listener.isReady || (listener.revoked.size > 0 && listener.revoked.has(key(jti))),
    ready: () => listener.isReady,
    settled: () => settle(listener),
    close,
  }
}
