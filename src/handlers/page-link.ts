import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import type { Grant } from '../access/grant.ts'
import { invalid } from '../fhir/outcome.ts'
import type { Cursor } from '../store/search.ts'

/** What a next link stands for: the search that it goes on with, and where. */
export type Continuation = {
  /** What is searched: a type, or the path below the base. */
  readonly type: string
  readonly params: readonly (readonly [string, string])[]
  readonly cursor: readonly string[]
  /** Where a page goes on with what is included. */
  readonly included?: Cursor['included']
}

/** Seals and opens the opaque value of `_page`. */
export type PageLinks = {
  seal(continuation: Continuation, grant: Grant): string
  open(sealed: string, type: string, grant: Grant): Continuation
}

type Sealed = [string, [string, string][], string[], Cursor['included'] | undefined]

const CIPHER = 'aes-256-gcm'
const IV = 12
const TAG = 16

const FETCHED = 256

/** Nonces, each given once. Random bytes are fetched for many at a time: a fetch costs more than a link's encryption. */
function nonces(): () => Buffer {
  let random = Buffer.alloc(0)
  return () => {
    if (random.length === 0) random = randomBytes(IV * FETCHED)
    const nonce = random.subarray(0, IV)
    random = random.subarray(IV)
    return nonce
  }
}

const owners = new WeakMap<Grant, Buffer>()

/** Whom a link belongs to: nobody else's token opens it. */
function owner(grant: Grant): Buffer {
  const { subject, client, patient } = grant
  const known = owners.get(grant) ?? Buffer.from(JSON.stringify([subject, client, patient]))
  owners.set(grant, known)
  return known
}

/**
 * Page links are encrypted and bound to who got them: they carry no search value in clear, cannot be altered, and
 * do not work for anybody else (https://hl7.org/fhir/R4/http.html#paging leaves their form to the server).
 */
export function pageLinks(secret: string): PageLinks {
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'portico page links', 32)))
  const nonce = nonces()
  return {
    seal({ type, params, cursor, included }, grant) {
      const iv = nonce()
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(owner(grant))
      const sealed = [cipher.update(JSON.stringify([type, params, cursor, included])), cipher.final()]
      return Buffer.concat([iv, ...sealed, cipher.getAuthTag()]).toString('base64url')
    },
    open(sealed, type, grant) {
      const bytes = Buffer.from(sealed, 'base64url')
      const wrong = invalid('The value of _page is not a link that this server gave you: start the search again').about(
        '_page',
      )
      // Base64 leaves bits unused at its end: only the one spelling that was given out is taken.
      if (bytes.length <= IV + TAG || bytes.toString('base64url') !== sealed) throw wrong
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV), { authTagLength: TAG })
      decipher.setAAD(owner(grant)).setAuthTag(bytes.subarray(-TAG))
      let text: string
      try {
        text = decipher.update(bytes.subarray(IV, -TAG)).toString() + decipher.final().toString()
      } catch {
        // An altered link and somebody else's look the same, on purpose.
        throw wrong
      }
      const [sealedType, params, cursor, included] = JSON.parse(text) as Sealed
      if (sealedType !== type) throw wrong
      return { type: sealedType, params, cursor, ...(included ? { included } : {}) }
    },
  }
}
