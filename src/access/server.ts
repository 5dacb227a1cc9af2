import type { Definition } from '../resources/definition.ts'
import { everythingOf, type Permission } from './permit.ts'

/**
 * The permission of the server itself, which no request can have: for what is shown to nobody, or only after the one who
 * sees it was judged in another way. The architecture test lists who may import it.
 */
export const asServer = (definition: Definition): Permission => everythingOf(definition)
