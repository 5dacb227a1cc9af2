import t from 'tap'
import { all, any, compile, join, name, parameter, raw, sql, statementName } from '../../src/store/sql.ts'

t.test('values become parameters, never text', async t => {
  t.same(compile(sql`select ${"'; drop table patient; --"} where x = ${1}`), {
    text: 'select $1 where x = $2',
    values: ["'; drop table patient; --", 1],
  })
})

t.test('pieces nest, and their parameters are numbered through', async t => {
  const inner = sql`b = ${2} or c = ${3}`
  t.same(compile(sql`a = ${1} and (${inner}) and d = ${4}`), {
    text: 'a = $1 and (b = $2 or c = $3) and d = $4',
    values: [1, 2, 3, 4],
  })
})

t.test('what is shared is one parameter wherever it stands, and the same value elsewhere is another', async t => {
  const who = parameter('alice', 'text')
  t.same(compile(sql`a = ${who} and b = ${'alice'} and (${sql`c = ${who}`}) and d = ${parameter('alice', 'text')}`), {
    text: 'a = $1::text and b = $2 and (c = $1::text) and d = $3::text',
    values: ['alice', 'alice', 'alice'],
  })
  t.same(compile(who), { text: '$1::text', values: ['alice'] }, 'in another statement it is told anew')
})

t.test('no condition is true for all and false for any', async t => {
  t.equal(compile(all([])).text, 'true')
  t.equal(compile(any([])).text, 'false')
  t.equal(compile(all([raw('a'), raw('b')])).text, '(a and b)')
  t.equal(compile(join([raw('a'), raw('b'), raw('c')], ', ')).text, 'a, b, c')
})

t.test('a quote in a name stays inside the name', async t => {
  t.equal(compile(name('a"b')).text, '"a""b"')
})

t.test('a text is prepared from its third use on, under one name, and not every text there is', async t => {
  const text = 'select 1 -- often'
  t.same([statementName(text), statementName(text)], [undefined, undefined])
  const given = statementName(text)
  t.match(given, /^p.{20}$/)
  for (let index = 0; index < 2000; index++) statementName(`select ${index} -- once`)
  t.equal(statementName(text), given)
  const uses = (index: number) => [1, 2, 3].map(() => statementName(`select ${index} -- thrice`))[2]
  const named = Array.from({ length: 500 }, (_, index) => uses(index)).filter(each => each !== undefined)
  t.equal(named.length, 299, 'those that were used once have taken no place')
})
