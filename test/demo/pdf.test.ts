import t from 'tap'
import { pdfOf } from '../../src/demo/pdf.ts'

t.test('a PDF begins and ends as one, and its table of objects points at each of them', async t => {
  const text = pdfOf(['Dear Mrs Archer,', 'your knee (the right one)', 'a \\ b']).toString('latin1')
  t.match(text, /^%PDF-1\.4\n/)
  t.match(text, /%%EOF\n$/)
  const table = Number(/startxref\n(\d+)\n/.exec(text)?.[1])
  t.equal(text.slice(table, table + 5), 'xref\n')
  const offsets = [...text.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset))
  t.equal(offsets.length, 5)
  for (const [index, offset] of offsets.entries()) t.match(text.slice(offset), new RegExp(`^${index + 1} 0 obj\n`))
})

t.test('what means something to PDF is escaped, and the length of the page is its length', async t => {
  const text = pdfOf(['your knee (the right one)', 'a \\ b']).toString('latin1')
  t.match(text, 'your knee \\(the right one\\)')
  t.match(text, 'a \\\\ b')
  const [, length, page = ''] = /<< \/Length (\d+) >>\nstream\n([\s\S]*)\nendstream/.exec(text) ?? []
  t.equal(page.length, Number(length))
})
