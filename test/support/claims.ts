// What the CapabilityStatement of a running server claims, and a way to try it with every type that claims it.
import type { Test } from 'tap'
import { type Client, client, inTurn, type Reply } from './client.ts'
import { minimal } from './minimal.ts'
import type { TestServer } from './server.ts'
import { engineToken } from './token.ts'

export type Claimed = {
  type: string
  interaction: { code: string }[]
  searchParam: { name: string; type: string }[]
  searchInclude?: string[]
  searchRevInclude?: string[]
  updateCreate: boolean
  conditionalCreate: boolean
  conditionalRead: string
  conditionalUpdate: boolean
  conditionalDelete: string
}

type Statement = { rest: { resource: Claimed[]; interaction: { code: string }[] }[] }

/** Whether a type claims an interaction. */
export const does =
  (code: string) =>
  ({ interaction }: Claimed): boolean =>
    interaction.some(each => each.code === code)

/** The id of the resource that an answer holds. */
export const idOf = ({ json }: Reply): string => String(json.id)

/** A refusal as R4 wants it: 4xx with an OperationOutcome, and what is possible when the method is not. */
export const isRefused = ({ status, json, headers }: Reply): boolean => {
  const isOutcome = status >= 400 && status < 500 && json.resourceType === 'OperationOutcome'
  return isOutcome && (status !== 405 || Boolean(headers.allow))
}

/** An engine, and what the server says of itself. */
export async function claimsOf(server: TestServer) {
  const engine: Client = client(server, await engineToken(server))
  const statement = (await engine('/metadata')).json as Statement
  const [rest] = statement.rest
  // Types that have operations only are not served themselves.
  const resources = (rest?.resource ?? []).filter(({ interaction }) => interaction)

  /** Runs a check for every type that claims something; each part of the check must be true for each type. */
  async function eachType(
    t: Test,
    isClaimed: (claimed: Claimed) => boolean,
    check: (type: string) => Promise<Record<string, unknown>>,
  ): Promise<void> {
    const faults: string[] = []
    const claimed = resources.filter(isClaimed)
    await inTurn(claimed, async ({ type }) => {
      const wrong = Object.entries(await check(type)).filter(([, found]) => found !== true)
      if (wrong.length > 0) faults.push(`${type}: ${JSON.stringify(wrong)}`)
    })
    t.ok(claimed.length > 0, 'some type claims it')
    t.same(faults, [])
  }

  const create = (type: string): Promise<Reply> =>
    engine(`/${type}`, { method: 'POST', body: minimal(type, 'ignored') })
  const put = (type: string, id: string, more: object = {}, headers = {}): Promise<Reply> =>
    engine(`/${type}/${id}`, { method: 'PUT', body: { ...minimal(type, id), ...more }, headers })

  return { engine, resources, system: rest?.interaction.map(({ code }) => code) ?? [], eachType, create, put }
}
