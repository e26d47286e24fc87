/** What a benchmark found. */
export interface BenchResult {
  /** What was measured, in the order in which it is printed. */
  readonly figures: readonly Figure[]
  /** What is compared with the baseline: figures of one run set against each other, so that the machine matters little. */
  readonly ratios: readonly Ratio[]
  /** The workload in one line. */
  readonly workload: string
}

export interface Figure {
  readonly label: string
  readonly value: number
  readonly unit: string
}

export interface Ratio {
  readonly label: string
  /** Better when larger. */
  readonly value: number
  /** What the project promises, where it does. */
  readonly target?: number
}

/** What a file `benchmarks/*.bench.ts` exports. */
export interface Bench {
  readonly name: string
  /** A `BenchResult`; anything else is printed as it is and compared with nothing. */
  run(): Promise<unknown>
}

/** Something that does the same work as the others of its race. */
export interface Contender {
  readonly label: string
  /** Does the work once and gives the milliseconds it took. */
  lap(): Promise<number>
}

/** A contender in this process. */
export function contender(label: string, work: () => unknown): Contender {
  return { label, lap: () => timed(work) }
}

/** Milliseconds that some work takes, awaited where it is a promise. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** The measured rounds of a contender. */
export interface Laps {
  /** Milliseconds. */
  readonly median: number
  readonly all: readonly number[]
}

/**
 * Runs the contenders in turn, round by round, so that a slow moment of the machine hits all of them, and gives their laps in
 * the same order. Rounds before the measured ones warm up, until compiled code is what is measured.
 */
export async function race(
  contenders: readonly Contender[],
  { rounds, warmUps }: { rounds: number; warmUps: number },
): Promise<Laps[]> {
  const laps = contenders.map((): number[] => [])
  for (let round = -warmUps; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const lap = await contender.lap()
      if (round >= 0) laps[index]?.push(lap)
    }
  }
  return laps.map((all) => ({ median: median(all), all }))
}

/** Median of the per-round ratios: how many times faster `ours` was. */
export function timesFaster(ours: Laps, peer: Laps): number {
  return median(ours.all.map((lap, round) => (peer.all[round] as number) / lap))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
