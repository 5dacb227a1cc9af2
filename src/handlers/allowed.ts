import type { FastifyInstance, RouteOptions } from 'fastify'
import { shapeOf, staticsOf } from './path-shape.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route that is there only to say that its method is not possible. */
    refuses?: true
  }
}

type Pattern = { readonly shape: RegExp; readonly statics: number; readonly methods: Set<string> }

/**
 * Notes the routes that are made from here on, and tells which methods a path has: what 405 says in `Allow`. Of a path that
 * several routes fit, the one with the most fixed parts is meant, as in routing.
 */
export function methodsOfPaths(app: FastifyInstance): (path: string) => string[] {
  const patterns = new Map<string, Pattern>()
  app.addHook('onRoute', ({ url, method, config }: RouteOptions) => {
    if (config?.refuses || url.includes('*')) return
    const known = patterns.get(url) ?? { shape: shapeOf(url), statics: staticsOf(url), methods: new Set() }
    patterns.set(url, known)
    for (const each of [method].flat()) known.methods.add(each)
  })
  return path => {
    const found = [...patterns.values()].filter(({ shape }) => shape.test(path))
    const most = Math.max(...found.map(({ statics }) => statics))
    return [...new Set(found.filter(({ statics }) => statics === most).flatMap(({ methods }) => [...methods]))].filter(
      method => method !== 'OPTIONS',
    )
  }
}
