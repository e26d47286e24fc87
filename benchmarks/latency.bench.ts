import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchResult } from './bench.ts'
import { answer, LOAD_TEXT, SYMBOLS, start, startVenue } from './latency/load.ts'
import { quantilesOf, STEPS } from './latency/quantiles.ts'
import type { Measurement, SystemOptions } from './latency/system.ts'

const WARM_UP_SECONDS = 15
const ROUNDS = 6
const ROUND_SECONDS = 10

/** What the project promises of the prediction, milliseconds. */
const TARGETS = { p50: 1, p99: 5 }

export const name = 'latency'

/**
 * Trade at the socket to prediction out, with every role in one process as `c1 up` wires them: from the `message` event of
 * the closing trade's frame at the client socket to a consumer in that process that holds the record of the candle, of its
 * feature row, of its prediction.
 *
 * A venue in another process sends 1,000 trades a second, a frame each, in a market 60 times as fast as real: each of 25
 * symbols closes a candle a second, all of them within 25 ms. Models are trained before the measured minute; no
 * training is in it, and nobody watches the page.
 */
export async function run(): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'c1-latency-'))
  const { child: venue, env: venueEnv } = await startVenue()
  try {
    const options: SystemOptions = {
      dataDir: directory,
      symbols: SYMBOLS,
      warmUp: WARM_UP_SECONDS,
      measured: ROUNDS * ROUND_SECONDS,
    }
    // A configuration file where the benchmark is started is none of its business.
    const env = { ...process.env, INIT_CWD: directory, ...venueEnv }
    const system = start('system', options, env)
    const measurement = await answer<Measurement>(system)
    if (system.exitCode === null) await once(system, 'exit')
    return resultOf(measurement)
  } finally {
    if (venue.connected) venue.disconnect()
    rmSync(directory, { recursive: true })
  }
}

function resultOf({ closings, cpuSeconds, elasticNets, seconds, trades, waitedSeconds }: Measurement): BenchResult {
  const prediction = quantilesOf(closings, 'prediction', ROUND_SECONDS)
  return {
    workload: `${LOAD_TEXT}; medians are of ${ROUNDS} rounds of ${ROUND_SECONDS} s`,
    figures: [
      ...STEPS.flatMap((step) => quantilesOf(closings, step, ROUND_SECONDS)),
      { label: 'candles closed', value: closings.length, unit: 'candles' },
      {
        label: 'without a prediction',
        value: closings.filter((closing) => !closing.prediction).length,
        unit: 'candles',
      },
      { label: 'models that are elastic nets', value: elasticNets, unit: `of ${SYMBOLS.length}` },
      { label: 'trades received', value: trades / seconds, unit: 'trades/s' },
      { label: 'processor time', value: cpuSeconds, unit: `s of ${seconds.toFixed(0)}` },
      ...(waitedSeconds === undefined
        ? []
        : [{ label: 'main thread waited for a processor', value: waitedSeconds, unit: `s of ${seconds.toFixed(0)}` }]),
    ],
    ratios: Object.entries(TARGETS).map(([share, target]) => {
      const label = `socket to prediction, median ${share}`
      const reached = prediction.find((figure) => figure.label === label)?.value ?? Number.NaN
      return { label: `${target} ms / ${label}`, value: target / reached, target: 1 }
    }),
  }
}
