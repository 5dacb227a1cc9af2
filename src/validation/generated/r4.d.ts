import type { Check } from '../run.ts'
import type { Runtime } from '../validate.ts'

/** Makes the check of every resource type of R4. */
export declare const r4: (runtime: Runtime) => Readonly<Record<string, Check>>
