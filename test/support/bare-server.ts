// The frame of the server around an application of two routes: what the tests of start and stop need.
import fastify from 'fastify'
import { serve } from '../../src/serve.ts'

process.exit(
  await serve({
    build: (_, { pool }) => {
      const app = fastify()
      app.get('/', async () => (await pool.query('select 1 as answer')).rows)
      app.get('/slow', async () => (await pool.query('select 1 as answer from pg_sleep(1)')).rows)
      app.get('/bug', async () => {
        setImmediate(() => {
          throw new Error('nobody catches this')
        })
      })
      return app
    },
    loadDemo: async () => ({
      password: 'demo-password',
      people: [{ name: 'Alice', email: 'alice@example.org', story: 'an adult' }],
      clients: [{ id: 'demo-confidential', secret: 'client-secret', story: 'a web application' }],
    }),
  }),
)
