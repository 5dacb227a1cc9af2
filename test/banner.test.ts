import t from 'tap'
import { banner } from '../src/banner.ts'
import { complete, loadConfig } from '../src/config.ts'

const config = complete(loadConfig({ PORTICO_BASE_URL: 'https://records.example', HOST: '0.0.0.0' }), 'x'.repeat(32))

t.test('a server without demo data says where it is, and nothing of sign-ins or its secret', async t => {
  const text = banner(config, undefined)
  t.match(text, 'https://records.example/fhir/metadata')
  t.match(text, '0.0.0.0:8080')
  t.notMatch(text, /password|token|x{32}/i)
})

t.test('a demo server says who may sign in and how to get a token', async t => {
  const text = banner(config, {
    password: 'demo-password',
    people: [{ name: 'Alice', email: 'alice@example.org', story: 'an adult' }],
    clients: [
      { id: 'demo-app', story: 'public' },
      { id: 'demo-confidential', story: 'has a server', secret: 'client-secret' },
    ],
  })
  for (const part of [
    'demo-password',
    'alice@example.org',
    'secret client-secret',
    'npm run --silent token -- alice',
  ]) {
    t.match(text, part)
  }
})
