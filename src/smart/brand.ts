import { readFile } from 'node:fs/promises'
import { ASSETS } from './settings.ts'

/** What a trust says about itself, from the configuration. */
export type BrandSettings = {
  /** The name of the service, at the top of each page. */
  readonly service: string
  readonly organisation?: string | undefined
  /** Whom to ask for help, in words. */
  readonly contact?: string | undefined
  readonly logoFile?: string | undefined
}

/** The same as the pages show it: `logo` is the address of the picture. */
export type Brand = Omit<BrandSettings, 'logoFile'> & { readonly logo: string | undefined }

/** Nobody's brand: what the pages show where nothing is configured. */
const NEUTRAL: BrandSettings = { service: 'Portico' }

/** The brand of the pages. */
export const brandOf = ({ brand: { logoFile, ...rest } = NEUTRAL }: { brand?: BrandSettings }): Brand => ({
  ...rest,
  logo: logoFile === undefined ? undefined : `${ASSETS}/logo`,
})

export type Logo = { readonly type: string; readonly bytes: Buffer }

const MOST_BYTES = 500_000
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['image/png', /^\x89PNG\r\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/webp', /^RIFF.{4}WEBP/s],
  ['image/svg+xml', /^\s*(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]/s],
]

/**
 * Reads the logo. What it is, is told by its bytes: a server that starts with a wrong file would show a broken picture
 * to every patient.
 */
export async function loadLogo(file: string | undefined): Promise<Logo | undefined> {
  if (file === undefined) return undefined
  const bytes = await readFile(file).catch(cause => {
    throw new Error(`PORTICO_LOGO_FILE ${file} cannot be read: ${(cause as Error).message}`, { cause })
  })
  if (bytes.length > MOST_BYTES) throw new Error(`PORTICO_LOGO_FILE ${file} has more than ${MOST_BYTES} bytes`)
  const start = bytes.subarray(0, 4096).toString('latin1')
  const type = KINDS.find(([, shape]) => shape.test(start))?.[0]
  if (type === undefined) throw new Error(`PORTICO_LOGO_FILE ${file} must be a picture: SVG, PNG, JPEG or WebP`)
  return { type, bytes }
}
