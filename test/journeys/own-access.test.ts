import t from 'tap'
import { personTokens, type Visited } from '../../scripts/demo-client.ts'
import { send, signInTo } from '../support/account-pages.ts'
import { client } from '../support/client.ts'
import { demoServer } from '../support/demo.ts'

const SCOPE = 'launch/patient offline_access patient/*.rs'
const cardOf = ({ html }: Visited, app: string): string =>
  html
    .split('<div class="nhsuk-card">')
    .find(card => card.includes(app))
    ?.replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ') ?? ''

t.test('Alice sees what her app did, takes its access back, and it is gone at once', async t => {
  const server = await demoServer(t)
  const { access_token } = await personTokens(server.baseUrl, 'alice', SCOPE)
  const unused = await signInTo(server.baseUrl, fetch, 'alice')
  t.match(cardOf(unused.page, 'Demo app'), 'Last used never')

  const app = client(server, access_token)
  t.equal((await app('/Observation')).status, 200)
  const { open, page } = await signInTo(server.baseUrl, fetch, 'alice')
  t.match(cardOf(page, 'Demo app'), /Last used \d+ \w+ \d{4} at \d+:\d\d[ap]m/)
  t.match((await open(`${server.baseUrl}/account/access`)).html, 'You, with the app “Demo app”')

  await send(open, page, 'apps/revoke', { app: 'demo-app', patient: 'alice' })
  const gone = await app('/Observation')
  t.equal(gone.status, 401)
  t.match(gone.headers['www-authenticate'], 'invalid_token')
})
