import { expect, it } from 'vitest'
import { runSchedule } from './run-schedule.ts'
import { failureText, runSchedules } from './run-schedules.ts'
import { scheduleOf } from './schedule.ts'

/**
 * `C1_TEST_SEED` repeats one schedule and prints what happens; `C1_TEST_SCHEDULES` sets how many others are drawn, and
 * `C1_TEST_FIRST_SEED` from which seed on: else new ones each time.
 */
const { C1_TEST_FIRST_SEED, C1_TEST_SCHEDULES = '10000', C1_TEST_SEED } = process.env
const SCHEDULES = Number(C1_TEST_SCHEDULES)
const FIRST = C1_TEST_FIRST_SEED === undefined ? Date.now() % 1_000_000_000 : Number(C1_TEST_FIRST_SEED)
const THREADS = 2

it.skipIf(C1_TEST_SEED !== undefined)(
  `after each of ${SCHEDULES} random schedules of faults and crashes the log holds what happened, every id once (seeds from ${FIRST} on)`,
  async () => {
    const report = await runSchedules(FIRST, SCHEDULES, THREADS)
    expect(report.failed, failureText(report)).toBe(0)
    expect(report.schedules).toBe(SCHEDULES)
    const hours = Math.round(report.seconds / 3600)
    process.stderr.write(
      `${SCHEDULES} schedules: ${hours} hours of virtual time, ${report.trades} trades in the logs\n`,
    )
  },
)

it.runIf(C1_TEST_SEED !== undefined)(
  `after the schedule of seed ${C1_TEST_SEED} the log holds what happened`,
  async () => {
    const schedule = scheduleOf(Number(C1_TEST_SEED))
    process.stdout.write(`${JSON.stringify(schedule, undefined, 2)}\n`)
    const { trace, wrong } = await runSchedule(schedule)
    process.stdout.write(`${trace.join('\n')}\n`)
    expect(wrong).toEqual([])
  },
)
