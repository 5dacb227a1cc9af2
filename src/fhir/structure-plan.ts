import { type Element, elementsOfType, memberName, RESOURCE_TYPES } from './model.ts'
import { PRIMITIVES, type Primitive } from './primitives.ts'

/** What may stand in one JSON member. */
export type Member = {
  /** The step of a FHIRPath: the member without the underscore that goes before the companion of a primitive. */
  step: string
  type: string
  /** Undefined for members that hold an object. */
  primitive: Primitive | undefined
  /** Whether this is the `_x` that carries id and extensions of the primitive `x`. */
  companion: boolean
  many: boolean
  max: number
  codes: ReadonlySet<string> | undefined
  targets: ReadonlySet<string> | undefined
  /** The choice that it is one type of, by its bit; 0 for the other members. */
  choice: number
  /** The required element that it makes present, by its bit; 0 for the other members. */
  requirement: number
  /** The plan of `type`, once it has been needed. */
  plan: Plan | undefined
}

/** All that is to be known of a type to check an object of it. */
export type Plan = {
  type: string
  resource: boolean
  members: ReadonlyMap<string, Member>
  /** The elements that have to be there; the bits of all of them are in `requirements`. */
  required: readonly string[]
  requirements: number
  /** The members of each choice element, for when two are there. */
  choices: readonly { name: string; members: readonly string[] }[]
}

const plans = new Map<string, Plan>()

/** The plan of a type, made when it is first asked for. */
export function planOf(type: string): Plan {
  const known = plans.get(type)
  if (known) return known
  const members = new Map<string, Member>()
  const required: string[] = []
  const choices: { name: string; members: string[] }[] = []
  for (const element of elementsOfType(type)) {
    const isChoice = element.name.endsWith('[x]')
    if (isChoice) choices.push({ name: element.name, members: element.types.map(one => memberName(element.name, one)) })
    if (element.min > 0) required.push(element.name)
    const bits = {
      choice: isChoice ? 1 << (choices.length - 1) : 0,
      requirement: element.min > 0 ? 1 << (required.length - 1) : 0,
    }
    for (const one of element.types) addMember(members, element, one, bits)
  }
  const requirements = (1 << required.length) - 1
  const plan = { type, resource: RESOURCE_TYPES.has(type), members, required, requirements, choices }
  plans.set(type, plan)
  return plan
}

type Bits = Pick<Member, 'choice' | 'requirement'>

function addMember(members: Map<string, Member>, element: Element, type: string, bits: Bits) {
  const step = memberName(element.name, type)
  const primitive = PRIMITIVES.get(type)
  const member: Member = {
    step,
    type,
    primitive,
    companion: false,
    many: element.max > 1,
    max: element.max,
    codes: element.codes && new Set(Object.values(element.codes).flat()),
    targets: type === 'Reference' && element.targets ? new Set(element.targets) : undefined,
    choice: bits.choice,
    requirement: bits.requirement,
    plan: undefined,
  }
  members.set(step, member)
  if (primitive) members.set(`_${step}`, { ...member, type: 'Element', primitive: undefined, companion: true })
}
