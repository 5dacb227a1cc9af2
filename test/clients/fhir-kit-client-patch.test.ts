import type { Patient } from 'fhir/r4.js'
import { Client } from 'fhir-kit-client'
import t from 'tap'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

const s = await server(t)
const engine = new Client({ baseUrl: `${s.baseUrl}/fhir`, bearerToken: await engineToken(s) })

t.test('fhir-kit-client patches a part of a resource, and is told when the patch does not fit', async t => {
  const body = { resourceType: 'Patient', name: [{ family: 'Grey' }] }
  const { id = '' } = (await engine.create({ resourceType: 'Patient', body })) as unknown as Patient
  const patch = (op: 'replace' | 'test', path: string, value: unknown) =>
    engine.patch({ resourceType: 'Patient', id, jsonPatch: [{ op, path, value }] })
  const patched = await patch('replace', '/name/0/family', 'Green')
  t.match(patched, { name: [{ family: 'Green' }], meta: { versionId: '2' } })
  await t.rejects(patch('test', '/name/0/family', 'Grey'), { response: { status: 422 } } as unknown as Error)
})
