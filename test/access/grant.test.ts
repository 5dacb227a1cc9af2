import t from 'tap'
import { type Claims, claimsFault, grantOf } from '../../src/access/grant.ts'
import { verifies } from '../support/verifies.ts'

const CLAIMS = { sub: 'alice', client_id: 'app', jti: 'x', exp: 1, scope: 'patient/*.rs', patient: 'alice' }
const without = (name: string) => Object.fromEntries(Object.entries(CLAIMS).filter(([each]) => each !== name))

t.test('the claims of an access token of RFC 9068 are honoured', async t => {
  t.equal(claimsFault(CLAIMS), undefined)
  t.equal(claimsFault({ ...CLAIMS, fhirUser: 'RelatedPerson/bob', act: { sub: 'bob' } }), undefined)
  for (const optional of ['scope', 'patient']) t.equal(claimsFault(without(optional)), undefined, optional)
  t.equal(claimsFault({ ...CLAIMS, somethingElse: { of: ['others'] } }), undefined)
})

t.test('a token that is bound to a key is not honoured: nobody checks the proof', async t => {
  verifies('smart-2.2', 'SAL-1021')
  for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}, null, 'x'])
    t.match(claimsFault({ ...CLAIMS, cnf }), /bound to a key/)
})

t.test('a claim that is not what its name says is not honoured', async t => {
  const wrong: [string, unknown][] = [
    ['sub', ''],
    ['sub', 1],
    ['sub', ['alice']],
    ['client_id', ''],
    ['client_id', null],
    ['jti', 7],
    ['jti', ''],
    ['exp', '1'],
    ['exp', null],
    ['exp', Number.NaN],
    ['scope', ['patient/*.rs']],
    ['scope', null],
    ['patient', ''],
    ['patient', 'Patient/alice'],
    ['patient', ['alice']],
    ['patient', '#several'],
    ['patient', null],
    ['fhirUser', ['Patient/alice']],
    ['fhirUser', null],
    ['act', 'bob'],
    ['act', {}],
    ['act', { sub: 1 }],
    ['act', null],
  ]
  for (const [name, value] of wrong)
    t.match(claimsFault({ ...CLAIMS, [name]: value }), name, `${name} ${JSON.stringify(value)}`)
  for (const needed of ['sub', 'client_id', 'jti', 'exp']) t.match(claimsFault(without(needed)), needed)
})

t.test('who acts is told by the claims: for herself, for another, or the client itself', async t => {
  const actor = (claims: Partial<Claims>) => grantOf({ ...CLAIMS, ...claims } as Claims).actor
  t.equal(actor({}), 'patient')
  t.equal(actor({ fhirUser: 'Patient/alice' }), 'patient')
  t.equal(actor({ act: { sub: 'bob' } }), 'proxy')
  t.equal(actor({ sub: 'bob', fhirUser: 'RelatedPerson/bob' }), 'proxy', 'also where the issuer knows no act')
  t.equal(actor({ sub: 'bob', fhirUser: 'Patient/bob' }), 'proxy', 'another patient')
  const engine = { sub: 'engine', client_id: 'engine', jti: 'x', exp: 1, scope: 'system/*.rs' }
  t.equal(grantOf(engine).actor, 'engine')
  t.equal(grantOf({ ...engine, sub: 'alice' }).actor, 'patient', 'a person without a patient is no engine')
  t.equal(grantOf({ ...engine, patient: 'alice' }).actor, 'patient', 'nor is one with a patient')
})
