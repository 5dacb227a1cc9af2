import { build } from './app.ts'
import { seedDemo } from './demo-people.ts'
import { serve } from './serve.ts'

process.exit(await serve({ build, loadDemo: app => seedDemo(app.pool, app.config) }))
