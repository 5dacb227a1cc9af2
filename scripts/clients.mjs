// `npm run clients`: compiles when something changed, as `npm start` does, so that it runs where only the built program is.
import { build } from './build.mjs'

if (build()) await import('../dist/clients.js')
else process.exitCode = 1
