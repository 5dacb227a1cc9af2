import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { setPersonState } from '../../src/store/people.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs } from '../support/authorization-server.ts'

// Whoever guesses passwords is slowed down, and learns not even which accounts there are: not by words, not by status, not by
// headers, not by how long it takes.

const comparable = (html: string) =>
  html
    .replace(/name="csrf" value="[^"]*"/g, '')
    .replace(/interaction\/[\w-]+/g, '')
    .replace(/value="[\w-]+@example\.org"/g, '')

t.test('guessing', async t => {
  const server = await authorizationServer(t)
  await setPersonState(server.pool, 'george', 'closed')
  const attempt = async (who: string, password: string) => {
    let headers = new Headers()
    const open = browser(BASE, async (input, init) => {
      const response = await server.get(input, init)
      headers = response.headers
      return response
    })
    const page = await open(authorizeUrl())
    const begin = performance.now()
    const { status, html } = await signInAs(open, page, who, password)
    const milliseconds = performance.now() - begin
    const names: string[] = []
    headers.forEach((_value, name) => void (name === 'date' || names.push(name)))
    return { status, html: comparable(html), names, milliseconds, retry: headers.get('retry-after') }
  }
  const forget = () => server.pool.query('delete from sign_in_attempt')

  t.test('tells nobody from somebody, and neither from an account that is closed', async t => {
    const wrong = await attempt('alice', 'wrong')
    t.equal(wrong.status, 400)
    for (const who of ['nobody', 'george']) {
      const { milliseconds: _time, ...other } = await attempt(who, 'wrong')
      t.same(other, { status: wrong.status, html: wrong.html, names: wrong.names, retry: null }, who)
    }
    const closed = await attempt('george', 'demo-Portico-2026')
    t.equal(closed.html, wrong.html, 'the right password of a closed account tells nothing either')
    await forget()
  })

  t.test('takes as long for nobody as for somebody', async t => {
    const times = { alice: [] as number[], nobody: [] as number[], george: [] as number[] }
    await attempt('warm-up', 'wrong')
    for (let round = 0; round < 9; round++) {
      for (const who of ['alice', 'nobody', 'george'] as const)
        times[who].push((await attempt(who, 'wrong')).milliseconds)
      await forget()
    }
    const fastest = (who: keyof typeof times) => Math.min(...times[who])
    // Without the work for nobody it would be a tenth of this.
    for (const who of ['nobody', 'george'] as const) {
      t.ok(fastest(who) > fastest('alice') / 2, `${who}: ${fastest(who)} ms, alice: ${fastest('alice')} ms`)
      t.ok(fastest(who) < fastest('alice') * 2, `${who}: ${fastest(who)} ms, alice: ${fastest('alice')} ms`)
    }
  })

  t.test(
    'has to wait after five attempts, also at the same time, and whether or not there is such an account',
    async t => {
      for (const who of ['alice', 'nobody']) {
        const attempts = await Promise.all(Array.from({ length: 12 }, () => attempt(who, 'wrong')))
        t.equal(attempts.filter(({ status }) => status === 400).length, 5, who)
        const waiting = attempts.filter(({ status }) => status === 429)
        t.equal(waiting.length, 7, who)
        for (const { retry } of waiting) t.ok(Number(retry) >= 1)
      }
      const right = await attempt('alice', 'demo-Portico-2026')
      t.equal(right.status, 429, 'the right password has to wait too: otherwise it would tell')
      await forget()
      t.equal((await attempt('alice', 'demo-Portico-2026')).status, 200)
    },
  )

  t.test('is counted by the account, however its name is written', async t => {
    const spellings = ['alice', 'ALICE', 'Alice', 'aLiCe', 'ａｌｉｃｅ', 'alicE']
    for (const who of spellings) await attempt(who, 'wrong')
    t.equal((await attempt('alice', 'demo-Portico-2026')).status, 429)
    await forget()
  })

  t.test('is slowed down by its address when it goes from name to name', async t => {
    for (let n = 0; n < 100; n++) await attempt(`person-${n}`, 'wrong')
    t.equal((await attempt('somebody-else', 'wrong')).status, 429)
    await forget()
  })

  t.test('gives no hint by what an app can ask', async t => {
    for (const login_hint of ['alice@example.org', 'nobody@example.org']) {
      const page = await browser(BASE, server.get)(authorizeUrl({ login_hint }))
      t.notMatch(page.html, login_hint)
    }
    const [known, unknown] = await Promise.all(
      ['alice', 'nobody'].map(async sub => {
        const claims = JSON.stringify({ id_token: { sub: { value: sub } } })
        return (await browser(BASE, server.get)(authorizeUrl({ claims, prompt: 'none' }))).url
      }),
    )
    t.equal(new URL(known ?? '').search, new URL(unknown ?? '').search)
  })
})
