import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

// A folder may import itself and those before its own line; folders of one line not each other. CONTRIBUTING.md has the list in words.
const LAYERS = [
  ['fhir'],
  ['validation'],
  ['resources'],
  ['access'],
  ['store'],
  ['handlers', 'smart', 'nhs', 'hl7v2', 'notify', 'postgres'],
  ['demo'],
]
// Who may start PostgreSQL: it is a matter of running the application, not of the application.
const STARTERS = ['src/prepare.ts', 'src/main.ts', 'src/serve.ts']
const NO_FOLDERS =
  /^(services?|repositor(y|ies)|models?|utils?|helpers?|lib|libs|common|shared|core|managers?|interfaces?)$/
const NO_NAMES = /(^|-)(manager|service|helper|helpers|impl|util|utils)\.ts$/
const SQL =
  /(^|[\n(])\s*(select\s[\s\S]*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(table|index|function|database)\s)/
const MOST_LINES = { file: 300, function: 60 }
const EXCUSE = /^\/\/ over 300 lines because /

type File = { path: string; text: string; tree: ts.SourceFile }

function filesOf(...folders: string[]): File[] {
  return folders
    .filter(folder => existsSync(join(ROOT, folder)))
    .flatMap(folder =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.ts'))
        .map(name => {
          const path = `${folder}/${name}`
          const text = readFileSync(join(ROOT, path), 'utf8')
          return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) }
        }),
    )
}

const sources = filesOf('src')
const scripts = filesOf('scripts', 'bench')
const tests = filesOf('test')

function nodesOf(file: File): ts.Node[] {
  const nodes: ts.Node[] = []
  const visit = (node: ts.Node) => {
    nodes.push(node)
    ts.forEachChild(node, visit)
  }
  visit(file.tree)
  return nodes
}

type Import = { from: string; to: string; onlyTypes: boolean }

function importsOf(file: File): Import[] {
  return nodesOf(file).flatMap(node => {
    const isDeclaration = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
    const isCall = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
    const target = isDeclaration ? node.moduleSpecifier : isCall ? node.arguments[0] : undefined
    if (!target || !ts.isStringLiteral(target) || !target.text.startsWith('.')) return []
    const to = relative(ROOT, resolve(ROOT, dirname(file.path), target.text))
    const clause = ts.isImportDeclaration(node) ? node.importClause : undefined
    const onlyTypes = clause?.isTypeOnly === true || (ts.isExportDeclaration(node) && node.isTypeOnly)
    return [{ from: file.path, to, onlyTypes }]
  })
}

/** The folder directly in src/, or undefined for a file there. */
const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1]
const rankOf = (folder: string): number => LAYERS.findIndex(layer => layer.includes(folder))

function faultOf({ from, to, onlyTypes }: Import): string | undefined {
  const [here, there] = [folderOf(from), folderOf(to)]
  if (!to.startsWith('src/')) return 'src/ imports only itself'
  if (here === there) return undefined
  if (there === 'postgres')
    return STARTERS.includes(from) ? undefined : 'only what starts the application starts PostgreSQL'
  if (here === undefined) return undefined
  if (there === undefined) {
    return to === 'src/config.ts' && onlyTypes && rankOf(here) >= rankOf('handlers')
      ? undefined
      : 'a folder knows nothing of what is built from it; the plugins may know the type of the configuration'
  }
  return rankOf(there) < rankOf(here) ? undefined : `${there} is not below ${here}`
}

const lines = (file: File, node: ts.Node): number => {
  const line = (position: number) => file.tree.getLineAndCharacterOfPosition(position).line
  return line(node.getEnd()) - line(node.getStart()) + 1
}
const at = (file: File, node: ts.Node): string =>
  `${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`

/** All places in the files where the check finds something to say. */
function findings(
  files: readonly File[],
  check: (node: ts.Node, file: File) => string | boolean | undefined,
): string[] {
  return files.flatMap(file =>
    nodesOf(file).flatMap(node => {
      const found = check(node, file)
      return found ? [`${at(file, node)}${typeof found === 'string' ? ` ${found}` : ''}`] : []
    }),
  )
}

t.test('every folder of src has its place in the layers', async t => {
  const folders = new Set(sources.flatMap(({ path }) => folderOf(path) ?? []))
  t.same(
    [...folders].filter(folder => rankOf(folder) < 0),
    [],
  )
})

t.test('imports go down the layers only', async t => {
  const faults = sources
    .flatMap(importsOf)
    .flatMap(found => (faultOf(found) ? `${found.from} imports ${found.to}: ${faultOf(found)}` : []))
  t.same(faults, [])
})

t.test('nothing imports main.ts, and only main.ts, demo, scripts and tests import app.ts', async t => {
  const imports = sources.flatMap(importsOf)
  t.same(
    imports.filter(({ to }) => to === 'src/main.ts'),
    [],
  )
  const importers = imports.filter(({ to, onlyTypes }) => to === 'src/app.ts' && !onlyTypes).map(({ from }) => from)
  t.same(
    importers.filter(from => !/^src\/(main|demo[a-z-]*)\.ts$/.test(from)),
    [],
  )
})

t.test('the environment is read in one place', async t => {
  const found = findings(
    [...sources, ...scripts],
    node => ts.isPropertyAccessExpression(node) && node.getText() === 'process.env',
  )
  t.same(
    found.filter(place => !place.startsWith('src/config.ts:')),
    [],
  )
})

t.test('SQL is in src/store and migrations only', async t => {
  const others = sources.filter(({ path }) => folderOf(path) !== 'store')
  const isText = (node: ts.Node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
  t.same(
    findings(others, node => isText(node) && SQL.test(node.getText().slice(1, -1))),
    [],
  )
})

t.test('folders and files are named for what they hold', async t => {
  const paths = [...sources, ...scripts, ...tests].map(({ path }) => path)
  t.same(
    paths.filter(path =>
      path
        .split('/')
        .slice(1, -1)
        .some(folder => NO_FOLDERS.test(folder)),
    ),
    [],
  )
  // The standard names the resource types: HealthcareService.
  const ours = paths.filter(path => !path.startsWith('src/resources/'))
  t.same(
    ours.filter(path => NO_NAMES.test(basename(path))),
    [],
  )
  t.same(
    paths.filter(path => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(basename(path))),
    [],
  )
})

t.test('files have at most 300 lines, or say on their first line why not', async t => {
  const long = [...sources, ...scripts, ...tests].filter(({ text }) => text.split('\n').length - 1 > MOST_LINES.file)
  t.same(
    long.filter(({ text }) => !EXCUSE.test(text)).map(({ path }) => path),
    [],
  )
})

t.test('functions have at most 60 lines', async t => {
  const found = findings([...sources, ...scripts], (node, file) => {
    const length = ts.isFunctionLike(node) && 'body' in node && node.body ? lines(file, node) : 0
    return length > MOST_LINES.function && `has ${length} lines`
  })
  t.same(found, [])
})

t.test('classes are errors, and default exports are declarations of resource types', async t => {
  const isError = (node: ts.ClassLikeDeclaration) =>
    /\bextends \w*Error\b/.test(node.heritageClauses?.[0]?.getText() ?? '')
  t.same(
    findings(sources, node => ts.isClassLike(node) && !isError(node)),
    [],
  )
  const isDefault = (node: ts.Node) =>
    ts.isExportAssignment(node) || (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent))
  t.same(
    findings(
      sources.filter(({ path }) => folderOf(path) !== 'resources'),
      isDefault,
    ),
    [],
  )
})
