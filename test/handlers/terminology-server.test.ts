import t from 'tap'
import { LIMITS, terminologyServer } from '../../src/handlers/terminology-server.ts'
import { result, terminology } from '../support/terminology.ts'

const SNOMED = 'http://snomed.info/sct'
const VALUE_SET = 'http://hl7.org/fhir/ValueSet/condition-severity'
const severe = { system: SNOMED, code: '24484000', valueSet: VALUE_SET }
const clock = () => new Date('2026-01-05T10:00:00Z')

t.test('a code is asked of its value set, or of its code system, and of nothing else', async t => {
  const s = await terminology(t)
  s.answers(result(true))
  const ask = terminologyServer(s.base, clock)
  t.same(await ask([severe, { system: SNOMED, code: '1', valueSet: undefined }]), [true, true])
  t.same(s.asked.map(({ path }) => path).sort(), ['/fhir/CodeSystem/$validate-code', '/fhir/ValueSet/$validate-code'])
  const [inSet, inSystem] = ['ValueSet', 'CodeSystem'].map(type => s.asked.find(({ path }) => path.includes(type)))
  t.same(JSON.parse(inSet?.body ?? ''), {
    resourceType: 'Parameters',
    parameter: [
      { name: 'url', valueUri: VALUE_SET },
      { name: 'code', valueCode: '24484000' },
      { name: 'system', valueUri: SNOMED },
    ],
  })
  t.same(JSON.parse(inSystem?.body ?? '').parameter, [
    { name: 'url', valueUri: SNOMED },
    { name: 'code', valueCode: '1' },
  ])
  t.notOk(inSet?.headers.authorization ?? inSet?.headers.cookie)
})

t.test('an answer is remembered for its time, and the oldest are forgotten', async t => {
  const s = await terminology(t)
  s.answers(result(false))
  let now = 0
  const ask = terminologyServer(s.base, () => new Date(now), { ...LIMITS, rememberFor: 1000, remembered: 2 })
  const code = (code: string) => ({ ...severe, code })
  t.same(await ask([code('1'), code('1')]), [false, false])
  await ask([code('1')])
  t.equal(s.asked.length, 1, 'asked once')
  now = 1001
  await ask([code('1')])
  t.equal(s.asked.length, 2, 'and again when its time is over')
  await ask([code('2')])
  await ask([code('3')])
  await ask([code('1')])
  t.equal(s.asked.length, 5, 'two are remembered')
})

t.test('what is no answer leaves the code unchecked, and is not remembered', async t => {
  const s = await terminology(t)
  const ask = terminologyServer(s.base, clock, { ...LIMITS, restFor: 0 })
  for (const body of ['', 'null', '[]', '{}', 'no JSON', '<html/>', '{"resourceType":"Parameters","parameter":1}']) {
    s.answers(response => response.end(body))
    t.same(await ask([severe]), [undefined], body)
  }
  s.answers(result('true'))
  t.same(await ask([severe]), [undefined], 'a result that is no boolean')
  s.answers(result(false, { name: 'x-caused-by-unknown-system', valueCanonical: SNOMED }))
  t.same(await ask([severe]), [undefined], 'it does not know the system')
  for (const status of [201, 400, 401, 404, 422, 500, 503]) {
    s.answers(response => {
      response.statusCode = status
      result(true)(response, { path: '', headers: {}, body: '' })
    })
    t.same(await ask([severe]), [undefined], String(status))
  }
  s.answers(response => response.writeHead(307, { location: s.base }).end())
  t.same(await ask([severe]), [undefined], 'it is not followed elsewhere')
  s.answers(response => response.end(`{"resourceType":"Parameters","x":"${'x'.repeat(300_000)}"}`))
  t.same(await ask([severe]), [undefined], 'there is an end to what it may say')
  s.answers(response => response.destroy())
  t.same(await ask([severe]), [undefined], 'it hangs up')
  s.answers(result(true))
  t.same(await ask([severe]), [true])
})

t.test('one that does not answer is not waited for, and not asked again for a while', async t => {
  const s = await terminology(t)
  let now = 0
  // Long enough for a question to arrive on a busy machine.
  const limits = { ...LIMITS, answerWithin: 1000, restFor: 1000, atOnce: 1 }
  const ask = terminologyServer(s.base, () => new Date(now), limits)
  t.same(await ask([severe, { ...severe, code: '1' }, { ...severe, code: '2' }]), [undefined, undefined, undefined])
  t.equal(s.asked.length, 1, 'the others in the line are not asked')
  now = 999
  t.same(await ask([severe]), [undefined])
  t.equal(s.asked.length, 1)
  now = 1001
  s.answers(result(true))
  t.same(await ask([severe]), [true])
  s.close()
  t.same(await ask([{ ...severe, code: '3' }]), [undefined], 'nobody is there')
})

t.test('all questions together end in time, also when each answer comes bit by bit', async t => {
  const s = await terminology(t)
  s.answers(response => response.write('{"resourceType":'))
  const ask = terminologyServer(s.base, clock, { ...LIMITS, answerWithin: 60_000, allWithin: 30, atOnce: 2 })
  const codes = Array.from({ length: 20 }, (_, index) => ({ ...severe, code: String(index) }))
  t.same(new Set(await ask(codes)), new Set([undefined]))
})

t.test('few are asked at once, and not more than are asked together', async t => {
  const s = await terminology(t)
  let [open, most] = [0, 0]
  s.answers((response, asked) => {
    open++
    most = Math.max(most, open)
    setImmediate(() => {
      open--
      result(true)(response, asked)
    })
  })
  const ask = terminologyServer(s.base, clock, { ...LIMITS, atOnce: 3, together: 10 })
  const codes = Array.from({ length: 15 }, (_, index) => ({ ...severe, code: String(index) }))
  const answers = await ask(codes)
  t.equal(answers.filter(answer => answer === true).length, 10)
  t.equal(s.asked.length, 10)
  t.ok(most <= 3, String(most))
  t.same(await ask(codes.slice(0, 10)), Array(10).fill(true))
})

t.test('what cannot be a code is sent nowhere', async t => {
  const s = await terminology(t)
  s.answers(result(true))
  const ask = terminologyServer(s.base, clock)
  const long = 'x'.repeat(201)
  const odd = [
    { ...severe, code: long },
    { ...severe, system: long },
    { system: '', code: '1', valueSet: undefined },
  ]
  t.same(await ask(odd), [undefined, undefined, undefined])
  t.same(s.asked, [])
})
