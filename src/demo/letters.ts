import { createHash } from 'node:crypto'
import type { Attachment, Binary, BundleEntry } from 'fhir/r4.js'
import { put, snomed, to, trustId } from './shapes.ts'
import { type Clinician, TRUST, toRole } from './trust.ts'

type Version = { contentType: string; extension: string; data: Buffer }

export type Letter = {
  id: string
  patient: string
  who: Clinician
  date: string
  title: string
  /** The same letter in one or several forms. */
  versions: readonly Version[]
  appointment?: string
}

/** A letter and its Binaries, one for each form that it is kept in. */
export function letterEntries({ id, patient, who, date, title, versions, appointment }: Letter): BundleEntry[] {
  const subject = to(`Patient/${patient}`)
  const kept = versions.map(({ contentType, extension, data }) => {
    const binary: Binary & { id: string } = {
      resourceType: 'Binary',
      id: `${id}-${extension}`,
      contentType,
      securityContext: subject,
      data: data.toString('base64'),
    }
    const attachment: Attachment = {
      contentType,
      language: 'en-GB',
      url: `Binary/${binary.id}`,
      size: data.length,
      hash: createHash('sha1').update(data).digest('base64'),
      title,
      creation: date,
    }
    return { binary, attachment }
  })
  return [
    ...kept.map(({ binary }) => put(binary)),
    put({
      resourceType: 'DocumentReference',
      id,
      identifier: [trustId('document', id)],
      status: 'current',
      docStatus: 'final',
      type: snomed('823701000000103', 'Letter from specialist'),
      category: [snomed('823651000000106', 'Clinical note')],
      subject,
      date,
      author: [toRole(who)],
      custodian: TRUST,
      description: `${who.specialty.text} letter`,
      content: kept.map(({ attachment }) => ({ attachment })),
      ...(appointment ? { context: { related: [to(`Appointment/${appointment}`)] } } : {}),
    }),
  ]
}

export const plainText = (lines: readonly string[]): Version => ({
  contentType: 'text/plain',
  extension: 'text',
  data: Buffer.from(`${lines.join('\n')}\n`),
})

/** A page that a browser shows and a screen reader reads. */
export function html(title: string, lines: readonly string[]): Version {
  const paragraphs = lines.filter(Boolean).map(line => `<p>${line}</p>`)
  const page = [
    '<!doctype html>',
    `<html lang="en-GB"><head><meta charset="utf-8"><title>${title}</title></head><body>`,
    `<h1>${title}</h1>`,
    ...paragraphs,
    '</body></html>',
  ]
  return { contentType: 'text/html', extension: 'html', data: Buffer.from(`${page.join('\n')}\n`) }
}

export const pdf = (data: Buffer): Version => ({ contentType: 'application/pdf', extension: 'pdf', data })
