/** Does some work when its turn has come, and gives what that gives. */
export type Turns = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Lets so much work be under way at once; the rest waits, in its order. What fails gives its turn on. */
export function turns(atOnce: number): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running < atOnce) running++
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
