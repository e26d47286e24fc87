import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Schedule } from './schedule.ts'

/** The seeds of one worker: `first`, `first + step`, ... */
export interface Share {
  readonly first: number
  readonly step: number
  readonly count: number
}

export interface Failure {
  readonly seed: number
  readonly schedule: Schedule
  readonly wrong: readonly string[]
}

/** What became of some schedules. */
export interface Report {
  readonly schedules: number
  readonly failed: number
  /** The first few. */
  readonly failures: readonly Failure[]
  /** In the logs at the end. */
  readonly trades: number
  /** Of virtual time. */
  readonly seconds: number
}

/** Runs the schedules of `count` seeds from `first` on, in as many threads. */
export async function runSchedules(first: number, count: number, threads: number): Promise<Report> {
  const shares = Array.from({ length: threads }, (_, thread) => ({
    first: first + thread,
    step: threads,
    count: Math.floor((count - thread + threads - 1) / threads),
  }))
  return total(await Promise.all(shares.map(runShare)))
}

/** What to read when some failed: what is wrong, how to run it again, and what it is made of. */
export function failureText({ failed, failures, schedules }: Report): string {
  const shown = failures.map(({ schedule, seed, wrong }) =>
    [
      `seed ${seed} (C1_TEST_SEED=${seed} npm run test:faults repeats it with a trace)`,
      ...wrong.slice(0, 8).map((text) => `  ${text.slice(0, 500)}`),
      `  ${JSON.stringify(schedule)}`,
    ].join('\n'),
  )
  return [`${failed} of ${schedules} schedules failed`, ...shown].join('\n')
}

function total(reports: readonly Report[]): Report {
  const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0)
  return {
    schedules: sum(({ schedules }) => schedules),
    failed: sum(({ failed }) => failed),
    failures: reports.flatMap(({ failures }) => failures),
    trades: sum(({ trades }) => trades),
    seconds: sum(({ seconds }) => seconds),
  }
}

/** What a killed process waits for stays in the memory of its thread, about a megabyte a schedule: a thread ends before that adds up. */
const MOST_OF_A_THREAD = 250

async function runShare({ count, first, step }: Share): Promise<Report> {
  const reports: Report[] = []
  for (let done = 0; done < count; done += MOST_OF_A_THREAD) {
    reports.push(await runThread({ first: first + done * step, step, count: Math.min(MOST_OF_A_THREAD, count - done) }))
  }
  return total(reports)
}

async function runThread(share: Share): Promise<Report> {
  // Outside of the test runner, which would make the code slower by what it adds to it.
  const worker = new Worker(new URL('schedule-worker.ts', import.meta.url), { workerData: share })
  const [report] = (await once(worker, 'message')) as [Report]
  await worker.terminate()
  return report
}
