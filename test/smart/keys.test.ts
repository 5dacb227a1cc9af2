import { importSPKI } from 'jose'
import t from 'tap'
import { loadKeys } from '../../src/smart/keys.ts'
import { database } from '../support/database.ts'

const SECRET = 'a secret that is long enough to be one'

t.test('signing keys', async t => {
  const { pool } = await database(t)
  const all = await Promise.all([1, 2, 3, 4].map(() => loadKeys(pool, SECRET)))
  const kids = all.map(({ jwks }) => jwks.keys.map(({ kid }) => kid).sort())

  t.test('are made once, however many processes start at the same time', async t => {
    for (const each of kids) t.same(each, kids[0])
    t.same(all[0]?.jwks.keys.map(({ alg }) => alg).sort(), ['ES256', 'RS256'])
    const { rows } = await pool.query('select from signing_key')
    t.equal(rows.length, 2)
  })

  t.test('give the same public key string each time, and none for the keys of id_tokens', async t => {
    for (const { kid = '', alg } of all[0]?.jwks.keys ?? []) {
      const pem = all[0]?.publicPem(kid)
      if (alg === 'ES256') {
        t.equal(pem, all[0]?.publicPem(kid))
        t.ok(await importSPKI(pem ?? '', 'ES256'))
      } else t.equal(pem, undefined)
    }
    t.equal(all[0]?.publicPem('unknown'), undefined)
  })

  t.test('are sealed: the database alone gives none away', async t => {
    const { rows } = await pool.query<{ text: string }>("select encode(sealed, 'escape') as text from signing_key")
    for (const { text } of rows) t.notMatch(text, /"d"|"kty"|PRIVATE/)
    await t.rejects(loadKeys(pool, 'another secret, just as long as the first'), { message: /PORTICO_SECRET/ })
  })

  t.test('do not open in the row of another key', async t => {
    await pool.query(`update signing_key a set sealed = b.sealed from signing_key b where a.kid <> b.kid`)
    await t.rejects(loadKeys(pool, SECRET), { message: /does not open/ })
  })
})
