import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import nunjucks from 'nunjucks'
import type { Brand } from './brand.ts'
import { ACCOUNT, ASSETS } from './settings.ts'

const templates = fileURLToPath(new URL('./pages/', import.meta.url))
const frontend = dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/package.json'))

/** The names of the pages and nothing else: a template is never chosen by a request. */
export type Page =
  | 'sign-in'
  | 'person'
  | 'consent'
  | 'nothing'
  | 'nobody'
  | 'error'
  | 'logout'
  | 'logged-out'
  | 'apps'
  | 'access'
  | 'signed-out'

const environment = new nunjucks.Environment(
  new nunjucks.FileSystemLoader([templates, join(frontend, 'dist')], { noCache: false }),
  { autoescape: true, throwOnUndefined: false, trimBlocks: true, lstripBlocks: true },
)

/** Renders one page; everything that is put into it is escaped. */
export const render = (page: Page, values: Record<string, unknown>, brand: Brand): string =>
  environment.render(`${page}.njk`, { ...values, assets: ASSETS, account: ACCOUNT, brand })

/**
 * The style sheet of nhsuk-frontend without its web font, which is licensed to the NHS only and would be fetched from
 * outside, and with the addresses of its icons below our own path.
 */
export function stylesheet(): string {
  const css = readFileSync(join(frontend, 'dist/nhsuk/nhsuk-frontend.min.css'), 'utf8')
  return css
    .replace(/@font-face\{[^}]*\}/g, '')
    .replaceAll('Frutiger W01,', '')
    .replaceAll('url(/assets/', `url(${ASSETS}/`)
    .replace(/\/\*# sourceMappingURL=.*?\*\//, '')
    .concat(
      'html{background-color:#f0f4f5}.portico-organisation{color:inherit}.portico-visits{list-style:none;margin-left:0;padding-left:0}.portico-visits>li{border-top:1px solid #d8dde0;padding:12px 0 0}',
    )
}

/** The icon of the pages. */
export const icon = readFileSync(join(templates, 'icon.svg'), 'utf8')

/** The folder of the icons that the style sheet names. */
export const iconFolder = join(frontend, 'dist/nhsuk/assets/images')

/**
 * The headers of every page. No `form-action`: Chromium applies it to the redirect that follows the consent form, and
 * would not let the browser return to the app. `same-origin` instead of `no-referrer`, which would also hide the Origin.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}
