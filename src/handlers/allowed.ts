import type { FastifyInstance, RouteOptions } from 'fastify'
import { notAllowed } from '../fhir/outcome.ts'
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

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The methods that a path does not have are refused with those that it has. https://hl7.org/fhir/R4/http.html#general */
export function refuseOthers(app: FastifyInstance, url: string, methods: readonly string[]): void {
  const allow = methods.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  for (const method of METHODS)
    if (!methods.includes(method))
      app.route({
        method,
        url,
        config: { refuses: true },
        // Before the body is read: that it comes in no form that is taken here is not what was wrong.
        onRequest: async request => {
          throw notAllowed(`${request.method} is not possible here; possible are ${allow.join(', ')}`, allow)
        },
        handler: () => {},
      })
}
