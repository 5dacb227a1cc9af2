import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A copy of the project in which files can be changed, and the PostgreSQL that its tests use. */
export type Copy = { readonly tree: string; remove(): Promise<void> }

function copyFiles(root: string, tree: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const isFile = (path: string) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true
  for (const path of listed.split('\0').filter(isFile)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    copyFileSync(join(root, path), join(tree, path))
  }
}

const STATE = "return hash.digest('hex').slice(0, 16)"

/** Has all tests of the copy share one migrated database: no mutant changes the schema, which its tests would make anew. */
function keepTemplate(tree: string): void {
  const path = join(tree, 'test/support/database.ts')
  const text = readFileSync(path, 'utf8')
  if (!text.includes(STATE)) throw new Error(`${path} names its template in another way than by: ${STATE}`)
  writeFileSync(path, text.replace(STATE, "return 'mutants'"))
}

/**
 * Copies what is in the project now, committed or not, and starts a PostgreSQL for the copy: each test file would otherwise
 * start and stop one.
 */
export async function copyProject(root: string): Promise<Copy> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-mutants-'))
  // PostgreSQL may run under another account, which has to get in.
  chmodSync(folder, 0o755)
  const tree = join(folder, 'project')
  copyFiles(root, tree)
  keepTemplate(tree)
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  const shared = join(root, '..', 'shared')
  if (existsSync(shared)) symlinkSync(shared, join(folder, 'shared'))
  const { joinTestServer }: typeof import('../../test/support/database.ts') = await import(
    join(tree, 'test/support/database.ts')
  )
  const server = await joinTestServer()
  return {
    tree,
    remove: async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
