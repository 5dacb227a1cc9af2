import { type Page, render } from './pages.ts'

/** What the protocol says of an error, RFC 6749 section 4.1.2.1. */
export type ProtocolError = { error: string; error_description?: string | undefined }

const EXPIRED = {
  title: 'This page has expired',
  text: 'The sign-in took too long, was finished already, or was started in another browser. Go back to the app and start again.',
}
const MISCONFIGURED = {
  title: 'The app could not be connected',
  text: 'The app that sent you here is not set up correctly. Nothing was shared with it. Tell the maker of the app.',
}
const BROKEN = {
  title: 'Something went wrong',
  text: 'This is our fault, not yours. Go back to the app and try again later.',
}

const isExpired = (error: Error): boolean => error.name === 'SessionNotFound'

/**
 * The page for an error that is not sent to an app, because where it came from is not known for sure. It tells the
 * person what to do, and the app's maker what the standard lets be told; the cause is in the log under the reference.
 */
export function errorPage(error: Error, { error: code, error_description }: ProtocolError, reference: string): string {
  const words = isExpired(error) ? EXPIRED : code === 'server_error' ? BROKEN : MISCONFIGURED
  const page: Page = 'error'
  return render(page, { ...words, code, description: error_description, reference })
}
