import type { ResponseEntry } from '../fhir/bundle.ts'
import type { FhirError } from '../fhir/outcome.ts'
import { returnAsked, returnPreference, type Server } from './call.ts'
import { storedIssue } from './create.ts'
import type { Entry } from './entry.ts'
import type { OperationAnswer } from './operations/operation.ts'
import { profileWarnings } from './profile-checks.ts'
import type { Written } from './write.ts'

const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 204: 'No Content', 304: 'Not Modified' }

const statusText = (status: number): string => [status, PHRASES[status]].filter(Boolean).join(' ')

/**
 * What a Bundle's `Prefer` asks of its entries. Who says nothing gets no resources back: an engine has what it sent, and
 * asks for the rest by `return=representation`.
 */
export const preferOfEntries = (prefer: string | undefined): string =>
  returnAsked(prefer) === undefined ? ['return=minimal', prefer].filter(Boolean).join(', ') : (prefer ?? '')

/** What is said of an entry whose type is not served, for a client that is set to skip such entries. */
export const skipped = ({ type, place }: Entry): ResponseEntry => ({
  status: '200 OK',
  issues: [
    {
      severity: 'warning',
      code: 'not-supported',
      text: `${type} is not served here: the entry was skipped, as this client's setting "unserved: skip" says`,
      expression: place,
    },
  ],
})

/** What came of a write of a transaction, with as much of it as `Prefer` asks for. */
export function responseOfWritten(written: Written, prefer: string, server: Server): ResponseEntry {
  const { intent, id, status, version, updated, content } = written
  const versioned =
    version === 0
      ? {}
      : {
          location: `${intent.definition.type}/${id}/_history/${version}`,
          etag: `W/"${version}"`,
          lastModified: updated.toISOString(),
        }
  const preferred = content === undefined ? 'minimal' : returnPreference(prefer)
  return {
    status: statusText(status),
    ...versioned,
    ...(preferred === 'representation' && content !== undefined ? { content } : {}),
    ...(preferred === 'OperationOutcome'
      ? { issues: [storedIssue(written), ...profileWarnings(server, content ?? '{}')] }
      : {}),
  }
}

/** All of a body: what would be sent part by part stands whole in an entry. */
async function textOf(body: OperationAnswer['body']): Promise<string> {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return body.toString()
  let text = ''
  for await (const part of body ?? []) text += String(part)
  return text
}

/** What an interaction or operation answered, as an entry. */
export async function responseOfAnswer(answer: OperationAnswer, { method }: Entry): Promise<ResponseEntry> {
  const { status, headers, body, issues, updated, location } = answer
  // Read also where it is not wanted: what is behind it ends with it.
  const content = body === undefined ? undefined : await textOf(body)
  return {
    status: statusText(status),
    ...(location === undefined ? {} : { location }),
    ...(headers.etag === undefined ? {} : { etag: headers.etag }),
    ...(updated === undefined ? {} : { lastModified: updated.toISOString() }),
    ...(content === undefined || issues !== undefined || method === 'HEAD' ? {} : { content }),
    ...(issues === undefined ? {} : { issues }),
  }
}

/** What an entry of a batch was refused for. */
export const responseOfError = ({ status, issues }: FhirError): ResponseEntry => ({
  status: statusText(status),
  issues,
})
