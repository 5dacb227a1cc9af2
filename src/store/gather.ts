/** How questions of one kind are put together. */
export type Limits = {
  /** So many at the most go to the database as one statement. */
  readonly most: number
  /** While a batch is under way others wait for the next, for its cost hardly depends on its size; unless they are many. */
  readonly many: number
  readonly batches: number
}

type Waiting<Question, Answer> = {
  readonly question: Question
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/** The questions of one kind: those that wait, and how many batches of them are under way. */
type Lane<Question, Answer> = { waiting: Waiting<Question, Answer>[]; underWay: number; scheduled: boolean }

/**
 * Puts questions together that arrive in the same turn of the event loop, or while earlier ones of their kind are under
 * way: `answer` gets many and gives the answers in their order. Where it fails, each question is asked alone, so that one
 * bad one does not fail its neighbours.
 */
export function gather<Question, Answer>(
  answer: (kind: string, questions: readonly Question[]) => Promise<readonly Answer[]>,
  { most, many, batches }: Limits,
): (kind: string, question: Question) => Promise<Answer> {
  const lanes = new Map<string, Lane<Question, Answer>>()
  const isDue = ({ waiting, underWay }: Lane<Question, Answer>): boolean =>
    underWay === 0 ? waiting.length > 0 : waiting.length >= many && underWay < batches
  const answerOrSplit = async (kind: string, batch: readonly Waiting<Question, Answer>[]): Promise<void> => {
    try {
      const answers = await answer(
        kind,
        batch.map(({ question }) => question),
      )
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error)
      else await Promise.all(batch.map(each => answerOrSplit(kind, [each])))
    }
  }
  const schedule = (kind: string, lane: Lane<Question, Answer>) => {
    if (lane.scheduled || !isDue(lane)) return
    lane.scheduled = true
    // After the requests that have arrived already were read.
    setImmediate(send, kind, lane)
  }
  const send = (kind: string, lane: Lane<Question, Answer>) => {
    lane.scheduled = false
    const batch = lane.waiting.slice(0, most)
    lane.waiting = lane.waiting.slice(most)
    lane.underWay++
    void answerOrSplit(kind, batch).finally(() => {
      lane.underWay--
      // A kind is as many as there are shapes of questions: it is forgotten when nobody asks it.
      if (lane.underWay === 0 && lane.waiting.length === 0) lanes.delete(kind)
      else schedule(kind, lane)
    })
    schedule(kind, lane)
  }
  return (kind, question) =>
    new Promise((resolve, reject) => {
      const lane = lanes.get(kind) ?? { waiting: [], underWay: 0, scheduled: false }
      lanes.set(kind, lane)
      lane.waiting.push({ question, resolve, reject })
      schedule(kind, lane)
    })
}
