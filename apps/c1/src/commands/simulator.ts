import { parseSpan, UsageError } from '@c1/market'
import { readFaultFile, type SimulatorOptions, startSimulator } from '@c1/simulator'
import { parseMoment } from '../time-range.ts'

export interface SimulatorFlags {
  readonly kind?: string
  readonly seed?: string
  readonly speed?: string
  readonly start?: string
  readonly activity?: string
  readonly replay?: string
  readonly symbol?: string
  readonly history?: string
  readonly faults?: string
  readonly host: string
  readonly port: string
}

/** A venue on loopback that speaks Kraken's REST and WebSocket v2, until Ctrl-C. */
export async function runSimulator(
  flags: SimulatorFlags,
  path: (typed: string) => string,
  signal: AbortSignal,
): Promise<void> {
  const simulator = await startSimulator(optionsOf(flags, path))
  process.stdout.write(`KRAKEN_REST_URL=${simulator.restUrl}\nKRAKEN_WS_URL=${simulator.wsUrl}\n`)
  process.stderr.write('Start C1 with these two in its environment and --source kraken. Ctrl-C stops.\n')
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  await simulator.close()
}

function optionsOf(
  { activity, faults, history, host, kind, port, replay, seed, speed, start, symbol }: SimulatorFlags,
  path: (typed: string) => string,
): SimulatorOptions {
  return {
    host,
    port: Number(port),
    ...(kind !== undefined && { kind: kind as NonNullable<SimulatorOptions['kind']> }),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(speed !== undefined && { speed: Number(speed) }),
    ...(activity !== undefined && { activity: Number(activity) }),
    ...(start !== undefined && { start: parseMoment(start, '--start') }),
    ...(replay !== undefined && { replay: path(replay) }),
    ...(symbol !== undefined && { symbol }),
    ...(history !== undefined && { history: historySpan(history) }),
    ...(faults !== undefined && { faults: faultsOf(faults, path) }),
  }
}

/** A file, or a schedule drawn by seed: `random:7`, `random:7,unserved`. */
function faultsOf(text: string, path: (typed: string) => string): NonNullable<SimulatorOptions['faults']> {
  if (!text.startsWith('random:')) return readFaultFile(path(text))
  const [, seed, unserved] = /^random:(\d{1,15})(,unserved)?$/.exec(text) ?? []
  if (seed !== undefined) return { seed: Number(seed), unserved: unserved !== undefined }
  throw new UsageError('faults_malformed', `--faults "${text}" has no seed: write it like random:7, or name a file.`)
}

function historySpan(text: string): number {
  try {
    return parseSpan(text)
  } catch (cause) {
    throw new UsageError(
      'span_malformed',
      `--history "${text}" is not a span of time: write it like 90s, 5m, 24h or 7d.`,
      {
        cause,
      },
    )
  }
}
