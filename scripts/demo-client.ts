import { createHash, createPrivateKey, type JsonWebKey, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { DEMO_PASSWORD } from '../src/demo-people.ts'

const REDIRECT = 'http://127.0.0.1/callback'
/** Whose record a demo person opens when it is not the own one. */
const RECORD: Readonly<Record<string, string>> = { bob: 'alice', freya: 'erin' }

type TokenAnswer = { access_token?: string; refresh_token?: string; error?: string; error_description?: string }

async function token(baseUrl: string, form: Record<string, string>): Promise<TokenAnswer & { access_token: string }> {
  const response = await fetch(`${baseUrl}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
  const answer = (await response.json()) as TokenAnswer
  const { access_token, error, error_description } = answer
  if (access_token === undefined) throw new Error(`no token: ${error ?? response.status} ${error_description ?? ''}`)
  return { ...answer, access_token }
}

/** A token for the demo's integration engine: SMART Backend Services with its private key. */
export async function engineToken(baseUrl: string, jwk: JsonWebKey & { kid: string }, scope: string): Promise<string> {
  const assertion = await new SignJWT({ jti: randomBytes(16).toString('hex') })
    .setProtectedHeader({ alg: 'ES384', kid: jwk.kid, typ: 'JWT' })
    .setIssuer('demo-engine')
    .setSubject('demo-engine')
    .setAudience(`${baseUrl}/oauth2/token`)
    .setIssuedAt()
    .setExpirationTime('2 minutes')
    .sign(createPrivateKey({ key: jwk, format: 'jwk' }))
  const answer = await token(baseUrl, {
    grant_type: 'client_credentials',
    scope,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  })
  return answer.access_token
}

/** A page, or the address outside the server that the browser was sent to. */
export type Visited = { url: string; html: string; status: number }

/** As much of a browser as the pages need: cookies, redirects within the server, forms. */
export function browser(baseUrl: string, get: typeof fetch = fetch) {
  const jar = new Map<string, { name: string; value: string; path: string }>()
  const cookiesFor = (url: string): string =>
    [...jar.values()]
      .filter(({ path }) => new URL(url).pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  const open = async (url: string, form?: URLSearchParams): Promise<Visited> => {
    const response = await get(url, {
      redirect: 'manual',
      headers: { cookie: cookiesFor(url) },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const [, path = '/'] = /;\s*path=([^;]*)/i.exec(line) ?? []
      jar.set(`${name} ${path}`, { name, value, path })
    }
    const location = response.headers.get('location')
    const { status } = response
    if (location === null) return { url, html: await response.text(), status }
    const next = new URL(location, url).href
    return next.startsWith(baseUrl) ? open(next) : { url: next, html: '', status }
  }
  return open
}

const decodeEntities = (html: string): string =>
  html.replace(/&(amp|lt|gt|quot|#39);/g, entity => new Map(ENTITIES).get(entity) ?? entity)
const ENTITIES: readonly (readonly [string, string])[] = [
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
]

/** The fields of a page's forms, by name; a box is among them whether it is ticked or not. */
export function fieldsOf(html: string): { name: string; value: string; type: string }[] {
  const attribute = (tag: string, name: string) =>
    decodeEntities(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
  return [...html.matchAll(/<input[^>]*>/g)].map(([tag]) => ({
    name: attribute(tag, 'name'),
    value: attribute(tag, 'value'),
    type: attribute(tag, 'type'),
  }))
}

/** Says whose record is meant, where a page asks for it. Any other page is given back as it is. */
export async function choosePerson(open: ReturnType<typeof browser>, page: Visited, patient: string): Promise<Visited> {
  const fields = fieldsOf(page.html)
  if (!fields.some(({ type }) => type === 'radio')) return page
  const csrf = fields.find(({ name }) => name === 'csrf')?.value ?? ''
  const form = new URLSearchParams({ csrf, patient })
  return open(`${page.url.replace(/(\/interaction\/[^/]+).*/, '$1')}/person`, form)
}

function said(html: string): string {
  const text = /<h1[^>]*>(.*?)<\/h1>/s.exec(html)?.[1] ?? 'an unexpected page'
  const error = /error-summary[\s\S]*?<a[^>]*>(.*?)<\/a>/.exec(html)?.[1]
  return decodeEntities((error ?? text).replace(/<[^>]*>/g, '').trim())
}

/** The answer of the token endpoint to a demo person who signs in to the demo app and allows all that it asks for. */
export async function personTokens(baseUrl: string, who: string, scope: string, record = RECORD[who] ?? who) {
  const open = browser(baseUrl)
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'demo-app',
    redirect_uri: REDIRECT,
    scope,
    state: randomBytes(8).toString('hex'),
    aud: `${baseUrl}/fhir`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  let page = await open(`${baseUrl}/oauth2/authorize?${query}`)
  const csrf = (html: string) => fieldsOf(html).find(({ name }) => name === 'csrf')?.value ?? ''
  if (page.html !== '') {
    const form = new URLSearchParams({ csrf: csrf(page.html), name: `${who}@example.org`, password: DEMO_PASSWORD })
    page = await open(`${page.url}/sign-in`, form)
  }
  if (page.html !== '') {
    const radios = fieldsOf(page.html).filter(({ type }) => type === 'radio')
    if (radios.length > 0 && !radios.some(({ value }) => value === record))
      throw new Error(`${who} does not reach the record of ${record}`)
    page = await choosePerson(open, page, record)
    const fields = fieldsOf(page.html)
    const scopes = fields
      .filter(({ name }) => name === 'scope')
      .map(({ name, value }): [string, string] => [name, value])
    if (scopes.length === 0) throw new Error(`${who} cannot sign in: ${said(page.html)}`)
    const offered = fields.filter(({ name }) => name === 'patient').map(({ value }) => value)
    if (offered.length > 0 && !offered.includes(record))
      throw new Error(`${who} does not reach the record of ${record}`)
    const form = new URLSearchParams([['csrf', csrf(page.html)], ['patient', record], ...scopes])
    page = await open(`${page.url.replace(/\/person$/, '')}/consent`, form)
  }
  const answer = new URL(page.url).searchParams
  const code = answer.get('code')
  if (code === null) throw new Error(answer.get('error_description') ?? answer.get('error') ?? said(page.html))
  return token(baseUrl, {
    grant_type: 'authorization_code',
    client_id: 'demo-app',
    redirect_uri: REDIRECT,
    code,
    code_verifier: verifier,
  })
}
