import t from 'tap'
import { narrativeFault } from '../../src/fhir/narrative.ts'

const div = (inner: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`

t.test('what the standard allows is accepted', async t => {
  const fine = [
    div('text'),
    ` \n${div('text')}\n`,
    '<div lang="en" xmlns=\'http://www.w3.org/1999/xhtml\'>x</div>',
    div('<table class="grid"><tr><td colspan="2" style="color: red; width: 10px">x</td></tr></table>'),
    div('<h1>a</h1><hr/><p>b<br />c</p><ul><li>1 &lt; 2 &#160; &nbsp; &#xA0;</li></ul>'),
    div('<a name="x" href="#y">z</a><a href="mailto:a@example.org">m</a><a href="Patient/1?x=1&amp;y=2">p</a>'),
    div('<img src="https://x.org/a.png" alt="a > b"/>'),
    div('<img src="data:image/png;base64,AAAA" alt=""/>'),
    div('<!-- a <b> comment -->text'),
    div('<b title="onclick=&quot;x&quot; javascript:">x</b>'),
  ]
  for (const one of fine) t.equal(narrativeFault(one), undefined, one)
})

t.test('what could run or load is refused', async t => {
  const harmful: [string, RegExp][] = [
    ['<script>x</script>', /<script> is not allowed/],
    ['<SCRIPT>x</SCRIPT>', /<SCRIPT> is not allowed/],
    ['<iframe src="https://x.org"></iframe>', /<iframe> is not allowed/],
    ['<object data="x"/>', /<object> is not allowed/],
    ['<form><input/></form>', /<form> is not allowed/],
    ['<style>p{}</style>', /<style> is not allowed/],
    ['<link href="x"/>', /<link> is not allowed/],
    ['<svg><a/></svg>', /<svg> is not allowed/],
    ['<p onclick="x">y</p>', /onclick/],
    ['<p ONCLICK="x">y</p>', /ONCLICK/],
    ['<img src="x" onerror="x"/>', /onerror/],
    ['<a href="javascript:x">y</a>', /href/],
    ['<a href=" JavaScript:x">y</a>', /href/],
    ['<a href="java&#115;cript:x">y</a>', /href/],
    ['<a href="java&#x0A;script:x">y</a>', /href/],
    ['<a href="javascript&colon;x">y</a>', /href/],
    ['<a href="java&Tab;script:x">y</a>', /href/],
    ['<a xlink:href="javascript:x">y</a>', /href/],
    ['<a href="vbscript:x">y</a>', /href/],
    ['<a href="data:text/html,x">y</a>', /href/],
    ['<img src="data:image/svg+xml,x"/>', /src/],
    ['<p style="background: url(https://x.org)">y</p>', /style/],
    ['<p style="width: expression(x)">y</p>', /style/],
    ['<p style="background: u\\72l(x)">y</p>', /style/],
  ]
  for (const [inner, fault] of harmful) t.match(narrativeFault(div(inner)), fault, inner)
})

t.test('what is not well-formed is refused', async t => {
  const wrong: [string, RegExp][] = [
    ['text', /begin with <div/],
    ['<divx>x</divx>', /begin with <div/],
    ['<div>x</div>', /xmlns/],
    [div('<p>x'), /<\/div> closes <p>/],
    [div('x</p>'), /<\/p> closes <div>/],
    ['<div xmlns="http://www.w3.org/1999/xhtml">x', /<div> is not closed/],
    [`${div('x')}y`, /something follows/],
    [`${div('x')}<script>y</script>`, /something follows/],
    [div(''), /no content/],
    [div(' <p> </p><br/> '), /no content/],
    ['<div xmlns="http://www.w3.org/1999/xhtml"/>', /no content/],
    [div('a & b'), /&amp;/],
    [div('<a href="?a=1&b=2">x</a>'), /&amp;/],
    [div('<p class=x>y</p>'), /well-formed/],
    [div('<p class="x>y</p>'), /well-formed/],
    [div('a < b'), /well-formed/],
    [div('<!-- x'), /comment is not closed/],
    [div('<![CDATA[x]]>'), /well-formed/],
    [div('<?php x ?>'), /well-formed/],
    [div('x</div >y</p class="z">'), /something follows|well-formed/],
  ]
  for (const [text, fault] of wrong) t.match(narrativeFault(text), fault, text)
})

t.test('a hostile narrative is judged in linear time', async t => {
  const begin = Date.now()
  const hostile = ['<p '.repeat(100_000), `<p ${'a="b" '.repeat(100_000)}`, '<'.repeat(300_000), '&'.repeat(300_000)]
  for (const inner of [...hostile, `<p${' '.repeat(300_000)}x`, '<!--'.repeat(100_000), '<b>'.repeat(100_000)]) {
    t.ok(narrativeFault(div(inner)))
  }
  t.ok(Date.now() - begin < 5000, `${Date.now() - begin} ms`)
})
