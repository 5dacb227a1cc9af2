import type { ClientBase } from 'pg'

// Several processes may share one embedded server (the application, a script, the files of a test run). Each holds one
// connection, its lease; whoever leaves last stops the server. The lock keeps a newcomer out while a leaver looks round.
const LOCK = 7_091_968_104
export const LEASE = 'portico lease'

/** Marks the connection as a holder of the embedded server; waits while another process is about to stop it. */
export async function takeLease(client: ClientBase): Promise<void> {
  await client.query('select set_config($1, $2, false)', ['application_name', LEASE])
  await client.query('select pg_advisory_lock_shared($1)', [LOCK])
  await client.query('select pg_advisory_unlock_shared($1)', [LOCK])
}

/** Gives the lease up and tells whether it was the last: then nobody can take one until this connection ends. */
export async function leaveLease(client: ClientBase): Promise<boolean> {
  await client.query('select pg_advisory_lock($1)', [LOCK])
  const others = await client.query(
    'select from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
    [LEASE],
  )
  await client.query('select set_config($1, $2, false)', ['application_name', 'portico leaving'])
  return others.rowCount === 0
}

/** Makes the database if the server does not have it yet. The name must be a plain identifier. */
export async function ensureDatabase(client: ClientBase, name: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
  if (rowCount !== 0) return
  await client.query(`create database ${name}`).catch(error => {
    // Another process was faster: duplicate_database, or unique_violation when it was at the very same time.
    if (!['42P04', '23505'].includes(error.code)) throw error
  })
}
