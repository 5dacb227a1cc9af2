import type { Bundle, BundleEntry, FhirResource, Patient } from 'fhir/r4.js'
import t from 'tap'
import { demoBundles } from '../src/demo-records.ts'
import { rangeOf } from '../src/fhir/dates.ts'
import { definitions } from '../src/resources/index.ts'
import { validate } from '../src/validation/validate.ts'

// An ordinary day, the nights of both clock changes, a leap day's eve, and the first of a month.
const DAYS = [
  '2026-11-23T10:00:00Z',
  '2026-03-28T23:30:00Z',
  '2026-10-25T00:30:00Z',
  '2028-02-28T12:00:00Z',
  '2027-03-01T00:00:00Z',
]

const entriesOf = (bundles: readonly Bundle[]) =>
  bundles.flatMap(({ entry = [] }) => entry as BundleEntry<FhirResource>[])

const resourcesOf = (bundles: readonly Bundle[]): FhirResource[] =>
  entriesOf(bundles).flatMap(({ resource }) => resource ?? [])

const nameOf = ({ resourceType, id }: FhirResource): string => `${resourceType}/${id}`

const find = <T extends FhirResource>(day: string, name: string): T =>
  resourcesOf(demoBundles(new Date(day))).find(resource => nameOf(resource) === name) as T

t.test('every resource is as R4 defines its type, of a type that is served, whatever the day', async t => {
  for (const day of DAYS) {
    const bundles = demoBundles(new Date(day))
    t.same(
      bundles.flatMap(bundle => validate(bundle).issues),
      [],
      day,
    )
    t.same(
      resourcesOf(bundles).filter(({ resourceType }) => !definitions.has(resourceType)),
      [],
    )
  }
})

t.test('every entry puts another resource at its own id, and refers to nothing that is not there', async t => {
  const bundles = demoBundles(new Date(DAYS[0] ?? ''))
  const entries = entriesOf(bundles)
  const names = entries.map(({ resource }) => (resource ? nameOf(resource) : ''))
  t.same(
    entries.map(({ request }) => `${request?.method} ${request?.url}`),
    names.map(name => `PUT ${name}`),
  )
  t.equal(new Set(names).size, names.length)
  const text = JSON.stringify(bundles)
  const referred = [...text.matchAll(/"(?:reference|url)":"([A-Z][A-Za-z]+\/[a-z0-9-]+)"/g)]
    .map(([, name = '']) => name)
    .filter(name => !names.includes(name))
  t.same(referred, [])
})

/** https://www.datadictionary.nhs.uk/attributes/nhs_number.html */
function hasCheckDigit(number: string): boolean {
  const digits = [...number].map(Number)
  const sum = digits.slice(0, 9).reduce((total, digit, index) => total + digit * (10 - index), 0)
  return (11 - (sum % 11)) % 11 === digits[9]
}

t.test('NHS numbers are of the test range, with the right check digit, and nobody shares one', async t => {
  const patients = resourcesOf(demoBundles(new Date(DAYS[0] ?? ''))).filter(
    (resource): resource is Patient => resource.resourceType === 'Patient',
  )
  const numbers = patients.flatMap(({ identifier = [] }) =>
    identifier.flatMap(({ system, value }) => (system === 'https://fhir.nhs.uk/Id/nhs-number' ? (value ?? '') : [])),
  )
  t.equal(numbers.length, 8, 'all but the record that was merged')
  t.equal(new Set(numbers).size, numbers.length)
  t.same(
    numbers.filter(number => !/^999\d{7}$/.test(number) || !hasCheckDigit(number)),
    [],
  )
})

t.test('Erin is 16 tomorrow, and her mother acts for her until that very midnight in London', async t => {
  const midnights = {
    '2026-11-23T10:00:00Z': ['2010-11-24', '2026-11-24T00:00:00Z'],
    '2026-06-30T22:30:00Z': ['2010-07-01', '2026-06-30T23:00:00Z'],
    '2028-02-28T12:00:00Z': ['2012-02-29', '2028-02-29T00:00:00Z'],
  } as const
  for (const [day, [birthDate, midnight]] of Object.entries(midnights)) {
    t.equal(find<Patient>(day, 'Patient/erin').birthDate, birthDate)
    const consent = find(day, 'Consent/freya-for-erin') as { provision?: { period?: { end?: string } } }
    t.equal(rangeOf(consent.provision?.period?.end ?? '')?.hi, Date.parse(midnight), day)
  }
})

t.test('Hana died last month, whatever the day', async t => {
  for (const day of DAYS) {
    const died = new Date(find<Patient>(day, 'Patient/hana').deceasedDateTime ?? '')
    const now = new Date(day)
    const months = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth()
    t.equal(months(died), months(now) - 1, `${day}: ${died.toISOString()}`)
  }
})

t.test('George’s record tells no address, no telephone and no surgery', async t => {
  const george = find<Patient>(DAYS[0] ?? '', 'Patient/george')
  t.match(george.meta?.security, [{ code: 'R' }])
  t.same([george.address, george.telecom, george.generalPractitioner], [undefined, undefined, undefined])
})

t.test('everybody’s e-mail is of example.org, and every telephone number one that nobody has', async t => {
  const text = JSON.stringify(demoBundles(new Date(DAYS[0] ?? '')))
  const addresses = [...text.matchAll(/[\w.+-]+@[\w.-]+/g)].map(([address]) => address)
  t.same(
    addresses.filter(address => !address.endsWith('@example.org')),
    [],
  )
  const phones = [...text.matchAll(/"system":"phone","value":"([^"]*)"/g)].map(([, phone = '']) => phone)
  t.same(
    phones.filter(phone => !/^(07700 900|01632 960)\d{3}$/.test(phone)),
    [],
  )
})
