// `npm start`: compiles when something changed, then runs in this very process, so that a signal has one way to go.
import { build } from './build.mjs'

if (build()) await import('../dist/main.js')
else process.exitCode = 1
