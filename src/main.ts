import { build } from './app.ts'
import { loadDemo } from './demo.ts'
import { serve } from './serve.ts'

process.exit(await serve({ build, loadDemo }))
