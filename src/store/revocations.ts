import { hash } from 'node:crypto'
import type { Client, Pool } from 'pg'

/** The access tokens that were taken back before their end, known in memory. */
export type Revocations = {
  /** Whether a token is to be refused; true for every token while the set may be out of date. */
  isRevoked(jti: string): boolean
  /** Whether the set is up to date: loaded, and listening for more. */
  ready(): boolean
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

/**
 * Keeps the set of revoked access tokens in memory: a database look-up for each request would cost most of its
 * speed. Listens on a connection of its own, loads all after each connect, and refuses everything while not connected.
 */
export async function revocations(pool: Pool, options: Options): Promise<Revocations> {
  const { retry = 500, heartbeat = 5000 } = options
  const revoked = new Map<string, number>()
  let client: Client | undefined
  let isReady = false
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const lost = (which: Client) => {
    if (which !== client || closed) return
    isReady = false
    client = undefined
    which.end().catch(() => {})
    timer = setTimeout(reconnect, retry).unref()
  }

  const connect = async () => {
    const next = options.listen()
    client = next
    next.on('error', () => lost(next))
    next.on('end', () => lost(next))
    next.on('notification', ({ payload = '' }) => {
      const [hashed, exp] = payload.split(' ')
      if (hashed) revoked.set(hashed, Number(exp))
    })
    await next.connect()
    await next.query('listen portico_revoked')
    // Loaded after LISTEN took effect: what is revoked in between is in the rows, in a notification, or in both.
    for (const [hashed, exp] of await load(pool)) revoked.set(hashed, exp)
    if (client === next) isReady = true
  }

  const reconnect = () => {
    connect().catch(() => {
      if (client) lost(client)
    })
  }

  // A connection that died without a word would leave the set silently out of date.
  const beat = setInterval(() => {
    const now = Date.now() / 1000
    for (const [hashed, exp] of revoked) if (exp < now - 300) revoked.delete(hashed)
    const current = client
    if (!current || !isReady) return
    const silence = setTimeout(() => lost(current), heartbeat).unref()
    current.query('select 1').then(
      () => clearTimeout(silence),
      () => lost(current),
    )
  }, heartbeat).unref()

  await connect()
  return {
    isRevoked: jti => !isReady || revoked.has(key(jti)),
    ready: () => isReady,
    async close() {
      closed = true
      isReady = false
      clearInterval(beat)
      clearTimeout(timer)
      await client?.end()
    },
  }
}
