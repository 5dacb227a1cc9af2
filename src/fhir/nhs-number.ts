import type { IdentifierRule } from './identifier-rules.ts'

const WEIGHTS = [10, 9, 8, 7, 6, 5, 4, 3, 2]
const TEN_DIGITS = /^[0-9]{10}$/
const ONE_DIGIT_ONLY = /^(.)\1*$/

/** What is left to eleven; 10 stands for no digit, so no number begins with such nine digits. */
function checkDigitOf(digits: string): number {
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(digits[index]), 0)
  return (11 - (sum % 11)) % 11
}

/** https://www.datadictionary.nhs.uk/attributes/nhs_number.html: ten digits, the last of which checks the others. */
export const NHS_NUMBER: IdentifierRule = {
  type: 'Patient',
  plain: written => written.replace(/[\s-]/g, ''),
  fault: plain => {
    if (!TEN_DIGITS.test(plain)) return 'An NHS number has ten digits, such as 999 945 8076, with or without spaces'
    // All of them have the right check digit, and none of them was ever given to anybody.
    if (ONE_DIGIT_ONLY.test(plain)) return 'No NHS number is one digit ten times: leave it out when it is not known'
    return checkDigitOf(plain) === Number(plain[9])
      ? undefined
      : 'This NHS number has a wrong check digit (modulus 11): a digit is mistyped or two are swapped'
  },
}
