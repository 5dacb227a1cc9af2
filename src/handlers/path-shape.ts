/** A part of a path as an expression: `Patient`, `$meta`, `:id`, or `:type(^[A-Z]+$)` with an expression of its own. */
function partOf(part: string): string {
  // A dollar begins the name of an operation, and no id.
  const [, name, own = '[^/$][^/]*'] = /^:(\w+)(?:\(\^?(.*?)\$?\))?$/.exec(part) ?? []
  return name === undefined ? part.replaceAll(/[$.*]/g, '\\$&') : `(?<${name}>${own})`
}

/** A route's path as an expression, its variable parts as groups of their names; a slash at the end is passed over. */
export const shapeOf = (url: string): RegExp =>
  new RegExp(`^${url.replace(/\/$/, '').split('/').map(partOf).join('/')}/?$`)

/** How many fixed parts a route's path has: of two that fit a path, the one with more is meant. */
export const staticsOf = (url: string): number =>
  url.split('/').filter(part => part !== '' && !part.startsWith(':')).length

function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('/', '%2F')
  } catch {
    // It only says that it failed. What follows a # the router does not read, so that it may be here.
    return part
  }
}

/** The path of an address as the router reads it: its parts without their escapes. One that holds a slash keeps that one. */
export function pathIn(url: string): string {
  const [path = ''] = url.split('?', 1)
  return path.includes('%') ? path.split('/').map(decodedPart).join('/') : path
}

const OURS = /^\/fhir(?:\/|$)/

/**
 * An address of ours as the router knows it: without a slash at its end, and with the dollar of an operation as itself. The
 * router decodes what it reads, but leaves this one escaped, though it means the same
 * (https://www.rfc-editor.org/rfc/rfc3986#section-2.2).
 */
export function plainUrl(url: string): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  if (!OURS.test(path) || !(path.endsWith('/') || path.includes('%24'))) return url
  return path.replace(/(?<=[^/])\/$/, '').replaceAll('%24', '$') + url.slice(path.length)
}
