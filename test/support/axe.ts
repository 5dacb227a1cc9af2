import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'

// The pictures of the pages are kept here, to be looked at.
const PICTURES = fileURLToPath(new URL('../../.portico/screenshots/', import.meta.url))
const WIDTHS = [1280, 320]
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

type Violation = { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] }

const inWords = ({ id, help, nodes }: Violation): string =>
  `${id}: ${help}\n${nodes.map(({ target, failureSummary }) => `  ${target.join(' ')} ${failureSummary}`).join('\n')}`

/**
 * What axe-core finds wrong with a page, by all rules of WCAG 2.2 A and AA and its best practices. Evaluated from outside:
 * the pages' own policy lets no script run.
 */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'))
  const found = (await page.evaluate('axe.run(document).then(({ violations }) => violations)')) as Violation[]
  return found.map(inWords)
}

/** What on a page the Tab key does not lead to. Of a group of radio buttons it leads to one; arrows do the rest. */
async function unreachable(page: Page): Promise<string[]> {
  const all = (await page.evaluate(`[...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')]
    .filter((each, _, every) => each.type !== 'radio' || each === (each.form.querySelector('input[type=radio]:checked')
      ?? every.find(({ type }) => type === 'radio')))
    .map((each, index) => each.dataset.order = String(index)).length`)) as number
  const reached: number[] = []
  await page.evaluate('document.activeElement?.blur()')
  for (let count = 0; count < all + 2; count++) {
    await page.keyboard.press('Tab')
    const order = await page.evaluate('document.activeElement?.dataset?.order')
    if (typeof order === 'string') reached.push(Number(order))
  }
  const missing = Array.from({ length: all }, (_, index) => index).filter(index => !reached.includes(index))
  return missing.map(index => `element ${index} is not reached`)
}

/**
 * Looks at a page as it is for everybody: axe finds nothing, nothing sticks out at any width, everything is reached with
 * the keyboard, it has one main heading and a title of its own. Takes a picture at each width.
 */
export async function isForEverybody(t: Test, page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true })
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 })
    t.same(await violationsOf(page), [], `${name}: axe finds nothing at ${width} pixels`)
    const widest = await page.evaluate('document.documentElement.scrollWidth')
    t.ok(Number(widest) <= width, `${name} fits into ${width} pixels`)
    await page.screenshot({ path: `${PICTURES}${name}-${width}.png`, fullPage: true })
  }
  t.same(await unreachable(page), [], `${name}: everything is reached with the keyboard`)
  t.equal(await page.locator('h1').count(), 1, `${name} has one main heading`)
}
