import { build } from './app.ts'
import { serve } from './serve.ts'

process.exit(await serve({ build }))
