import type { Calendar } from './calendar.ts'
import type { Known } from './patient.ts'

/** The people of the demo. Their stories are known to all tests, so that everybody speaks of the same ones. */
export const ALICE: Known = {
  id: 'alice',
  name: ['Mrs', 'Alice', 'Archer'],
  gender: 'female',
  birthDate: '1979-05-09',
  mrn: 'DEMO0001',
  nhsNumber: '9999458076',
  house: 4,
  phone: '07700 900101',
}

export const BOB: Known = {
  id: 'bob',
  name: ['Mr', 'Bob', 'Archer'],
  gender: 'male',
  birthDate: '1977-11-30',
  mrn: 'DEMO0002',
  nhsNumber: '9993021571',
  house: 4,
  phone: '07700 900102',
}

export const CAROL: Known = {
  id: 'carol',
  name: ['Ms', 'Carol', 'Cole'],
  gender: 'female',
  birthDate: '1981-02-17',
  mrn: 'DEMO0003',
  nhsNumber: '9993681938',
  house: 17,
  phone: '07700 900103',
}

export const DEV: Known = {
  id: 'dev',
  name: ['Mr', 'Dev', 'Desai'],
  gender: 'male',
  birthDate: '1990-07-21',
  mrn: 'DEMO0004',
  nhsNumber: '9990364265',
  house: 22,
  phone: '07700 900104',
}

/** The record that was opened for Dev in an emergency, before anybody knew his NHS number. */
export const DEV_FORMER: Known = {
  id: 'dev-former',
  name: ['Mr', 'Dev', 'Dessai'],
  gender: 'male',
  birthDate: '1990-07-21',
  mrn: 'DEMO0005',
}

/** She is 16 on the day after the demo starts. */
export const erin = ({ birthday }: Calendar): Known => ({
  id: 'erin',
  name: ['Miss', 'Erin', 'Finch'],
  gender: 'female',
  birthDate: birthday(1, 16),
  mrn: 'DEMO0006',
  nhsNumber: '9992129972',
  house: 31,
})

export const FREYA: Known = {
  id: 'freya',
  name: ['Mrs', 'Freya', 'Finch'],
  gender: 'female',
  birthDate: '1983-03-12',
  mrn: 'DEMO0007',
  nhsNumber: '9992200332',
  house: 31,
  phone: '07700 900107',
}

/** Restricted: where he lives and how he is reached must not be told to anybody. */
export const GEORGE: Known = {
  id: 'george',
  name: ['Mr', 'George', 'Grant'],
  gender: 'male',
  birthDate: '1988-09-05',
  mrn: 'DEMO0008',
  nhsNumber: '9992245387',
}

export const HANA: Known = {
  id: 'hana',
  name: ['Mrs', 'Hana', 'Hill'],
  gender: 'female',
  birthDate: '1941-12-24',
  mrn: 'DEMO0009',
  nhsNumber: '9993236403',
  house: 9,
  phone: '07700 900109',
}
