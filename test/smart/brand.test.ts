import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { brandOf, loadLogo } from '../../src/smart/brand.ts'
import { authorizationServer, authorizeUrl, BASE } from '../support/authorization-server.ts'

const folder = await mkdtemp(join(tmpdir(), 'portico-'))
t.teardown(() => rm(folder, { recursive: true }))
const file = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><path d="M0 0h200v40z"/></svg>'

t.test('without settings the pages carry nobody’s brand', async t => {
  t.same(brandOf({}), { service: 'Portico', logo: undefined })
  const server = await authorizationServer(t)
  const { html } = await browser(BASE, server.get)(authorizeUrl())
  t.match(html, '<span class="nhsuk-header__service-name">Portico</span>')
  t.notMatch(html, /<img|<footer|NHS/)
  t.equal((await server.get(`${BASE}/oauth2/assets/logo`)).status, 404)
})

t.test('a trust’s names, logo and contact stand on every page', async t => {
  const brand = {
    service: 'My <record>',
    organisation: 'Example & Sons Hospital',
    contact: 'Ring 020 7946 0000.',
    logoFile: await file('logo.svg', SVG),
  }
  const server = await authorizationServer(t, { brand })
  const open = browser(BASE, server.get)
  for (const page of [await open(authorizeUrl()), await open(`${BASE}/oauth2/interaction/gone`)]) {
    t.match(page.html, 'My &lt;record&gt;')
    t.match(page.html, /<img[^>]* src="\/oauth2\/assets\/logo" alt="Example &amp; Sons Hospital">/)
    t.match(page.html, 'Do you need help? Ring 020 7946 0000.')
  }
  const logo = await server.get(`${BASE}/oauth2/assets/logo`)
  t.equal(logo.headers.get('content-type'), 'image/svg+xml')
  t.match(logo.headers.get('content-security-policy'), 'sandbox', 'a picture runs nothing, opened by itself either')
  t.equal(logo.headers.get('x-content-type-options'), 'nosniff')
  t.equal(await logo.text(), SVG)
})

t.test('a logo is a picture, told by its bytes', async t => {
  t.match(await loadLogo(await file('a', Buffer.from('89504e470d0a1a0a', 'hex'))), { type: 'image/png' })
  t.match(await loadLogo(await file('b', Buffer.from('ffd8ffe0', 'hex'))), { type: 'image/jpeg' })
  t.match(await loadLogo(await file('c', 'RIFF1234WEBPVP8 ')), { type: 'image/webp' })
  t.match(await loadLogo(await file('d', `<?xml version="1.0"?>\n<!-- made by hand -->\n${SVG}`)), {
    type: 'image/svg+xml',
  })
  t.equal(await loadLogo(undefined), undefined)
  await t.rejects(loadLogo(await file('e.svg', `<html>${SVG}</html>`)), /must be a picture/)
  await t.rejects(loadLogo(await file('f.png', '')), /must be a picture/)
  await t.rejects(loadLogo(await file('g.svg', `${SVG}${' '.repeat(500_000)}`)), /more than 500000 bytes/)
  await t.rejects(loadLogo(join(folder, 'nothing')), /PORTICO_LOGO_FILE .* cannot be read/)
})
