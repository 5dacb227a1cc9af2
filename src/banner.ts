import type { Config } from './config.ts'

/** Who can be signed in as, and which clients have a secret, when the demo data is loaded. */
export type Demo = {
  password: string
  people: readonly { name: string; email: string; story: string }[]
  clients: readonly { id: string; secret?: string; story: string }[]
}

/** What a newcomer needs to know first; printed once the server listens. */
export function banner({ baseUrl, host, port, issuer }: Config, demo: Demo | undefined): string {
  const rows: [string, string][] = [
    ['FHIR base', `${baseUrl}/fhir`],
    ['What it can do', `${baseUrl}/fhir/metadata`],
    ['Sign-in server', issuer?.authorize ?? `${baseUrl}/oauth2`],
    ...(issuer ? [] : ownPages(baseUrl)),
    ['Listening on', `${host}:${port}`],
  ]
  const sections = [section('Portico is ready', rows)]
  if (demo) {
    sections.push(
      section(
        `Demo people, all with the password ${demo.password}`,
        demo.people.map(person => [person.email, `${person.name}: ${person.story}`]),
      ),
      section(
        'Demo clients',
        demo.clients.map(({ id, secret, story }) => [id, secret ? `${story}; secret ${secret}` : story]),
      ),
      section('A token to try things with', [
        ['in a terminal', 'npm run --silent token -- alice'],
        ['then', `curl -H "Authorization: Bearer $(npm run --silent token -- alice)" ${baseUrl}/fhir/Patient`],
      ]),
    )
  }
  return `\n${sections.join('\n\n')}\n\n`
}

const ownPages = (baseUrl: string): [string, string][] => [
  ['Apps you have allowed', `${baseUrl}/account/apps`],
  ['Who looked at my record', `${baseUrl}/account/access`],
]

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length))
  return [title, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)].join('\n')
}
