import { RESOURCE_TYPES, searchParametersOf } from './model.ts'
import { compile, type Route } from './path.ts'

/** Whether a reference to a type can stand at the end of a route: `subject.where(resolve() is Patient)` takes a Patient. */
const canName = ({ targets, steps }: Route, type: string): boolean =>
  (targets?.includes(type) ?? true) && (steps.at(-1)?.keep?.({ reference: `${type}/1` }) ?? true)

/**
 * The resource types that a reference parameter of a type can lead to: those that its definition names, as far as its
 * expression gets there. The definition of a parameter that several types share names targets of all of them.
 */
export function targetTypesOf(type: string, param: string): readonly string[] {
  const parameter = searchParametersOf(type).get(param)
  if (parameter?.type !== 'reference') return []
  const { targets } = parameter
  const isAny = targets.length === 0 || targets.includes('Resource')
  const { routes } = compile(parameter.expression, type)
  return (isAny ? [...RESOURCE_TYPES] : targets).filter(target => routes.some(route => canName(route, target)))
}
