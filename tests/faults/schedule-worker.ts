import { parentPort, workerData } from 'node:worker_threads'
import { runSchedule } from './run-schedule.ts'
import type { Failure, Report, Share } from './run-schedules.ts'
import { scheduleOf } from './schedule.ts'

/** Failures of which the facts are sent; the others are only counted. */
const MOST_FAILURES = 5

const { count, first, step } = workerData as Share
const failures: Failure[] = []
let [failed, trades, seconds] = [0, 0, 0]
for (let index = 0; index < count; index += 1) {
  const seed = first + index * step
  const schedule = scheduleOf(seed)
  const outcome = await runSchedule(schedule)
  trades += outcome.trades
  seconds += outcome.seconds
  if (outcome.wrong.length === 0) continue
  failed += 1
  if (failures.length < MOST_FAILURES) failures.push({ seed, schedule, wrong: outcome.wrong })
}
parentPort?.postMessage({ schedules: count, failed, failures, trades, seconds } satisfies Report)
