import { createHmac } from 'node:crypto'
import { Provider } from 'oidc-provider'
import { derive } from './keys.ts'

/** Gives the refresh token that comes after another. */
export type Successor = (token: string) => string

/**
 * The refresh token that follows another is derived from it, with a key that only the server has: whoever asks again because
 * the answer was lost is given the same one, without it being kept anywhere. Decision 0051.
 */
export function successorWith(secret: string): Successor {
  const key = derive(secret, 'refresh tokens')
  return token => createHmac('sha256', key).update(token).digest('base64url')
}

type Named = { generateTokenId(): string }
type Context = { oidc: { entities: { RotatedRefreshToken?: { jti: string } } } }

/** Makes the provider name the refresh token that takes the place of another after that one. */
export function deriveRotated(provider: Provider, successor: Successor): void {
  const prototype = provider.RefreshToken.prototype as unknown as Named
  const random = prototype.generateTokenId
  prototype.generateTokenId = function (this: Named) {
    const { ctx } = Provider as unknown as { ctx: Context | undefined }
    const rotated = ctx?.oidc.entities.RotatedRefreshToken
    return rotated ? successor(rotated.jti) : random.call(this)
  }
}
