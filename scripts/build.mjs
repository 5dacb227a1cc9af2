// Compiles src/ into dist/ when anything that it is made from is newer than the last build. Plain JavaScript, for it runs
// before there is anything compiled.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'dist', '.stamp')
const modified = path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Compiles if needed; returns whether dist/ is good to run. */
export function build({ force = false } = {}) {
  const started = new Date()
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map(name => join('src', name))
  // The folders are among them, so that a file that was removed or renamed is noticed too.
  const inputs = ['src', ...sources, 'tsconfig.json', 'tsconfig.build.json', 'package.json']
  const newest = Math.max(...inputs.map(name => modified(join(root, name))))
  if (!force && newest < modified(stamp)) return true
  const tsc = findCompiler()
  if (tsc === undefined) {
    if (modified(stamp) === 0)
      process.stderr.write('Nothing is built yet, and TypeScript is not installed: run npm ci\n')
    return modified(stamp) > 0
  }
  process.stderr.write('Compiling src/ …\n')
  removeOrphans()
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) return false
  for (const name of sources) if (isAsset(name)) cpSync(join(root, name), join(root, 'dist', relative('src', name)))
  writeFileSync(stamp, '')
  utimesSync(stamp, started, started)
  return true
}

// Templates and the like, which the compiler does not copy.
function isAsset(name) {
  return !name.endsWith('.ts') && statSync(join(root, name)).isFile()
}

// The compiler leaves what it once made of a file that is gone, and src/resources/index reads its folder.
function removeOrphans() {
  const dist = join(root, 'dist')
  if (!existsSync(dist)) return
  for (const name of readdirSync(dist, { recursive: true })) {
    if (name.endsWith('.js') && !existsSync(join(root, 'src', name.replace(/js$/, 'ts')))) rmSync(join(dist, name))
  }
}

function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc')
  } catch {
    return undefined
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = build({ force: true }) ? 0 : 1
