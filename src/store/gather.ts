/** How questions of one kind are put together. */
export type Limits = {
  /** So many at the most go to the database as one statement. */
  readonly most: number
  /** While a batch is under way others wait for the next, for its cost hardly depends on its size; unless they are many. */
  readonly many: number
  readonly batches: number
  /** So many milliseconds at the most are waited until as many are there as were asked together the last time. */
  readonly patience: number
}

type Waiting<Question, Answer> = {
  readonly question: Question
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/** The questions of one kind: those that wait, how many batches of them are under way, how many the last one had. */
type Lane<Question, Answer> = {
  waiting: Waiting<Question, Answer>[]
  underWay: number
  last: number
  scheduled: boolean
  timer: NodeJS.Timeout | undefined
}

// A kind is as many as there are shapes of questions: those that nobody asks now are forgotten, the oldest first.
const MOST_LANES = 500

/**
 * Puts questions together that arrive in the same turn of the event loop, while earlier ones of their kind are under way, or
 * while a busy server may expect as many as just before: `answer` gets many and gives the answers in their order. Where it
 * fails, each question is asked alone, so that one bad one does not fail its neighbours. Who asks alone does not wait.
 */
export function gather<Question, Answer>(
  answer: (kind: string, questions: readonly Question[]) => Promise<readonly Answer[]>,
  { most, many, batches, patience }: Limits,
): (kind: string, question: Question) => Promise<Answer> {
  const lanes = new Map<string, Lane<Question, Answer>>()
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
    const { length } = lane.waiting
    const isDue = lane.underWay === 0 ? length > 0 : length >= many && lane.underWay < batches
    if (lane.scheduled || !isDue) return
    if (length < Math.min(lane.last, many)) {
      lane.timer ??= setTimeout(send, patience, kind, lane)
      return
    }
    clearTimeout(lane.timer)
    lane.scheduled = true
    // After the requests that have arrived already were read.
    setImmediate(send, kind, lane)
  }
  const send = (kind: string, lane: Lane<Question, Answer>) => {
    lane.timer = undefined
    lane.scheduled = false
    const batch = lane.waiting.slice(0, most)
    lane.waiting = lane.waiting.slice(most)
    lane.last = batch.length
    lane.underWay++
    void answerOrSplit(kind, batch).finally(() => {
      lane.underWay--
      schedule(kind, lane)
    })
    schedule(kind, lane)
  }
  const laneOf = (kind: string): Lane<Question, Answer> => {
    const known = lanes.get(kind)
    if (known) return known
    if (lanes.size >= MOST_LANES)
      for (const [other, { waiting, underWay }] of lanes) if (waiting.length + underWay === 0) lanes.delete(other)
    const lane: Lane<Question, Answer> = { waiting: [], underWay: 0, last: 0, scheduled: false, timer: undefined }
    lanes.set(kind, lane)
    return lane
  }
  return (kind, question) =>
    new Promise((resolve, reject) => {
      const lane = laneOf(kind)
      lane.waiting.push({ question, resolve, reject })
      schedule(kind, lane)
    })
}
