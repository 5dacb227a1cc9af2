import type { Brand } from './brand.ts'
import { render } from './pages.ts'

/** What the protocol says of an error, RFC 6749 section 4.1.2.1. */
export type ProtocolError = { error: string; error_description?: string | undefined }

type Words = { title: string; text: string }

const EXPIRED: Words = {
  title: 'This page has expired',
  text: 'The sign-in took too long, was finished already, or was started in another browser. Go back to the app and start again.',
}
const FOREIGN: Words = {
  title: 'This page could not be used',
  text: 'What was sent did not come from the page that we showed you, and was not used. Go back and start again.',
}
const NOT_HERE: Words = {
  title: 'There is no page here',
  text: 'The address may have been copied in part, or belong to a form that was sent already. Go back and try again.',
}
const MISCONFIGURED: Words = {
  title: 'The app could not be connected',
  text: 'The app that sent you here is not set up correctly. Nothing was shared with it. Tell the maker of the app.',
}
const BROKEN: Words = {
  title: 'Something went wrong',
  text: 'This is our fault, not yours. Go back and try again later.',
}

/** What the maker of an app can look at, by error code; nothing that is not in the standards. */
const HINTS: Readonly<Record<string, string>> = {
  invalid_client: 'Is client_id the one that the hospital gave the app? It may also have been switched off.',
  invalid_redirect_uri:
    'Is redirect_uri one of the addresses registered for the app, character by character, with port and path?',
  unsupported_response_type: 'response_type has to be code.',
  server_error: 'Give the reference to the hospital: it stands in the log with the cause.',
}
const EXPIRED_HINT = 'The browser has to send our cookies back: open the page in a browser, not in a frame.'

function wordsOf(error: Error, code: string): Words & { hint: string | undefined } {
  if (error.name === 'SessionNotFound') return { ...EXPIRED, hint: EXPIRED_HINT }
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (status === 403) return { ...FOREIGN, hint: undefined }
  if (status === 404 || status === 405) return { ...NOT_HERE, hint: undefined }
  return { ...(code === 'server_error' ? BROKEN : MISCONFIGURED), hint: HINTS[code] }
}

/**
 * The page for an error that is not sent to an app, because where it came from is not known for sure. It tells the
 * person what to do, and the app's maker what the standard lets be told; the cause is in the log under the reference.
 */
export function errorPage(
  error: Error,
  { error: code, error_description: description }: ProtocolError,
  reference: string,
  brand: Brand,
): string {
  return render('error', { ...wordsOf(error, code), code, description, reference }, brand)
}
