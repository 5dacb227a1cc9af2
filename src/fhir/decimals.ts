const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/**
 * The span that a decimal stands for: half a unit of its last digit to each side, so 100 is 99.5 to 100.5, 1.00 is
 * 0.995 to 1.005 and 1e2 is 50 to 150. https://hl7.org/fhir/R4/search.html#number
 * NaN on both sides for what is no decimal.
 */
export function quantityRange(decimalText: string): { lo: number; hi: number } {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(decimalText) ?? []
  if (sign === undefined) return { lo: Number.NaN, hi: Number.NaN }
  // Whole numbers of tenths of the last digit, so that no digit is lost before the one rounding to a double.
  const tenths = BigInt(`${sign}${whole}${fraction}0`)
  const scale = Number(exponent) - fraction.length - 1
  return { lo: Number(`${tenths - 5n}e${scale}`), hi: Number(`${tenths + 5n}e${scale}`) }
}

/** Its digits without zeros at either end, and the power of ten of the last one: the same for all that are equal. */
function plain(decimalText: string): string | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(decimalText) ?? []
  if (sign === undefined) return undefined
  const digits = whole + fraction
  let first = 0
  while (digits[first] === '0') first++
  let end = digits.length
  while (end > first && digits[end - 1] === '0') end--
  if (end === first) return '0'
  return `${sign}${digits.slice(first, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}

/** Whether two decimals are the same number, however they are written; every digit counts, as no double would have it. */
export const isSameDecimal = (one: string, other: string): boolean => {
  const written = plain(one)
  return written !== undefined && written === plain(other)
}
