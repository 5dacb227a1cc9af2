/** A part of a path as an expression: `Patient`, `$meta`, `:id`, or `:type(^[A-Z]+$)` with an expression of its own. */
function partOf(part: string): string {
  const [, name, own = '[^/]+'] = /^:(\w+)(?:\(\^?(.*?)\$?\))?$/.exec(part) ?? []
  return name === undefined ? part.replaceAll(/[$.*]/g, '\\$&') : `(?<${name}>${own})`
}

/** A route's path as an expression, its variable parts as groups of their names; a slash at the end is passed over. */
export const shapeOf = (url: string): RegExp =>
  new RegExp(`^${url.replace(/\/$/, '').split('/').map(partOf).join('/')}/?$`)

/** How many fixed parts a route's path has: of two that fit a path, the one with more is meant. */
export const staticsOf = (url: string): number =>
  url.split('/').filter(part => part !== '' && !part.startsWith(':')).length

/**
 * An address whose path has the dollar of an operation as itself: the router decodes what it reads, but leaves this one
 * escaped, though it means the same (https://www.rfc-editor.org/rfc/rfc3986#section-2.2).
 */
export function withPlainDollar(url: string): string {
  if (!url.includes('%24')) return url
  const [path = '', ...query] = url.split('?')
  return [path.replaceAll('%24', '$'), ...query].join('?')
}
