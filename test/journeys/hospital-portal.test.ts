import type { JsonWebKey } from 'node:crypto'
import t from 'tap'
import { engineToken } from '../../scripts/demo-client.ts'
import { client } from '../support/client.ts'
import { demoServer } from '../support/demo.ts'
import { nodeApp } from '../support/node-app.ts'
import { verifies } from '../support/verifies.ts'

// The hospital's own portal, where Alice has signed in already, opens an app for the visit that she looks at.

const server = await demoServer(t)
const key = server.engineKey as JsonWebKey & { kid: string }
const engine = client(server, await engineToken(server.baseUrl, key, 'system/*.cruds'))
const visit = (id: string, patient: string) =>
  engine(`/Encounter/${id}`, {
    method: 'PUT',
    body: {
      resourceType: 'Encounter',
      id,
      status: 'in-progress',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/${patient}` },
    },
  })

const portal = await engineToken(server.baseUrl, key, '__launch')
async function launchOf(wanted: object): Promise<{ status: number; body: Record<string, string> }> {
  const response = await fetch(`${server.baseUrl}/oauth2/launch`, {
    method: 'POST',
    body: JSON.stringify({ client_id: 'demo-app', ...wanted }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${portal}` },
  })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

t.test('a portal opens an app for the visit that its patient looks at', async t => {
  verifies('smart-2.2', 'SAL-349', 'SAL-352', 'SAL-361', 'SAL-362')
  t.equal((await visit('alice-visit', 'alice')).status, 201)
  t.equal((await visit('bob-visit', 'bob')).status, 201)
  const { status, body } = await launchOf({ patient: 'alice', encounter: 'alice-visit', need_patient_banner: false })
  t.equal(status, 201)
  const { iss = '', launch = '' } = body

  const { launch: open } = await nodeApp(t, server, {
    clientId: 'demo-app',
    scope: 'launch openid fhirUser offline_access patient/*.rs',
  })
  const app = await open({ who: 'alice' }, { iss, launch })
  t.equal(app.patient.id, 'alice')
  t.equal(app.encounter.id, 'alice-visit')
  t.match(app.getState('tokenResponse'), { need_patient_banner: false, patient: 'alice' })
  t.match(await app.patient.read(), { name: [{ family: 'Archer' }] })
  t.match(await app.encounter.read(), { resourceType: 'Encounter', id: 'alice-visit' })
  await app.refresh()
  t.equal(app.encounter.id, 'alice-visit', 'the app is told again when it refreshes')
  await t.rejects(open({ who: 'alice' }, { iss, launch }), /invalid_request/, 'but the link opens it once only')
})

t.test('a portal cannot open an app for what is not there, or for a visit of somebody else', async t => {
  for (const [wanted, words] of [
    [{ patient: 'nobody' }, /Patient\/nobody/],
    [{ patient: 'alice', encounter: 'none' }, /no Encounter\/none/],
    [{ patient: 'alice', encounter: 'bob-visit' }, /no Encounter\/bob-visit/],
  ] as const) {
    t.match(await launchOf(wanted), { status: 400, body: { error: 'invalid_request', error_description: words } })
  }
})
