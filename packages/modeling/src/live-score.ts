import type { Outcome } from './prediction.ts'
import { overlapLag, standardErrorOfMean } from './statistics.ts'

/** How the predictions of one model name did that were made in time, and how "no change" did on the same rows. */
export interface LiveScore {
  readonly count: number
  /** Mean squared and mean absolute error of the log return. */
  readonly mse: number
  readonly mae: number
  readonly noChangeMse: number
  readonly noChangeMae: number
  /** 1 - mse / noChangeMse; 0 where the price has not moved. */
  readonly skill: number
  /** Of `skill`, taking `noChangeMse` as known; aware of overlapping outcomes. Absent while there are too few to tell. */
  readonly skillStandardError: number | undefined
  /** Share of outcomes within the prediction interval, and the share that was promised. */
  readonly coverage: number
  readonly targetCoverage: number
}

/** Sums over the outcomes of one model name. Plain JSON. */
export interface LiveScoreState {
  readonly horizon: number
  count: number
  squaredError: number
  absoluteError: number
  noChangeSquaredError: number
  noChangeAbsoluteError: number
  covered: number
  targetCoverage: number
  /** Of d = squared error of "no change" minus the model's: sums of d(t) d(t - k), for k from 0 to the overlap. */
  readonly products: number[]
  /** The first and the newest d, as many as overlap, oldest first. */
  readonly first: number[]
  readonly newest: number[]
}

/** The running live score of every model name: a fold over outcomes in the order of `asOf`. */
export class LiveScores {
  readonly #interval: number
  readonly #states: Map<string, LiveScoreState>

  /** @param interval microseconds between predictions  @param checkpoint what `checkpoint` gave */
  constructor(interval: number, checkpoint: Readonly<Record<string, LiveScoreState>> = {}) {
    this.#interval = interval
    this.#states = new Map(Object.entries(structuredClone(checkpoint)))
  }

  /** Counts an outcome, unless its prediction was late. */
  add(outcome: Outcome): void {
    if (outcome.late) return
    const state =
      this.#states.get(outcome.model) ?? emptyState(outcome.horizon, overlapLag(outcome.horizon, this.#interval))
    this.#states.set(outcome.model, state)
    addOutcome(state, outcome)
  }

  /** Absent when no outcome of that name was counted. */
  score(model: string): LiveScore | undefined {
    const state = this.#states.get(model)
    return state && scoreOf(state)
  }

  /** Model names with a score, sorted. */
  models(): readonly string[] {
    return [...this.#states.keys()].sort()
  }

  /** JSON from which the constructor goes on. */
  checkpoint(): Readonly<Record<string, LiveScoreState>> {
    return structuredClone(Object.fromEntries(this.#states))
  }
}

function emptyState(horizon: number, lag: number): LiveScoreState {
  return {
    horizon,
    count: 0,
    squaredError: 0,
    absoluteError: 0,
    noChangeSquaredError: 0,
    noChangeAbsoluteError: 0,
    covered: 0,
    targetCoverage: 0,
    products: new Array<number>(lag + 1).fill(0),
    first: [],
    newest: [],
  }
}

function addOutcome(state: LiveScoreState, { error, outcome, covered, coverage }: Outcome): void {
  state.count++
  state.squaredError += error ** 2
  state.absoluteError += Math.abs(error)
  state.noChangeSquaredError += outcome ** 2
  state.noChangeAbsoluteError += Math.abs(outcome)
  state.covered += covered ? 1 : 0
  state.targetCoverage += coverage
  addDifference(state, outcome ** 2 - error ** 2)
}

function addDifference({ products, first, newest }: LiveScoreState, difference: number): void {
  const lag = products.length - 1
  for (let k = 0; k <= Math.min(lag, newest.length); k++) {
    const earlier = k === 0 ? difference : (newest[newest.length - k] as number)
    products[k] = (products[k] as number) + difference * earlier
  }
  if (first.length < lag) first.push(difference)
  newest.push(difference)
  if (newest.length > lag) newest.shift()
}

function scoreOf(state: LiveScoreState): LiveScore {
  const { count, squaredError, noChangeSquaredError } = state
  const noChangeMse = noChangeSquaredError / count
  const moved = noChangeMse > 0
  const standardError = differenceStandardError(state)
  return {
    count,
    mse: squaredError / count,
    mae: state.absoluteError / count,
    noChangeMse,
    noChangeMae: state.noChangeAbsoluteError / count,
    skill: moved ? 1 - squaredError / noChangeSquaredError : 0,
    skillStandardError: moved && Number.isFinite(standardError) ? standardError / noChangeMse : undefined,
    coverage: state.covered / count,
    targetCoverage: state.targetCoverage / count,
  }
}

/** From the sums of products to sums of products of deviations from the mean. */
function differenceStandardError({
  count,
  squaredError,
  noChangeSquaredError,
  products,
  first,
  newest,
}: LiveScoreState): number {
  const total = noChangeSquaredError - squaredError
  const mean = total / count
  let [head, tail] = [0, 0]
  const deviations = products.slice(0, count).map((product, k) => {
    if (k > 0) {
      head += first[k - 1] as number
      tail += newest[newest.length - k] as number
    }
    return product - mean * (2 * total - head - tail) + (count - k) * mean ** 2
  })
  return standardErrorOfMean(deviations, count)
}
