import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Codec,
  candlesCodec,
  type EventLog,
  outcomesCodec,
  type Position,
  predictionsCodec,
  TOPICS,
  type Topic,
} from '@c1/event-log'
import { type Checkpoints, runFold } from '@c1/service'
import type { MarketView } from './market-view.ts'
import { OpenWindows } from './open-windows.ts'

/** The role's name; names its checkpoint. */
const SHOW_DASHBOARD = 'show-dashboard'

export interface ShowDashboardOptions {
  readonly log: EventLog
  readonly view: MarketView
  readonly checkpoints: Checkpoints
  readonly signal: AbortSignal
  /** Milliseconds between two provisional candles of a window. Default 250. */
  readonly provisionalEvery?: number
}

/** A topic, and what the view does with a record of it. */
interface Feed<Message> {
  readonly topic: Topic
  readonly codec: Codec<Message>
  readonly apply: (message: Message) => void
}

/** Topics in, view out, until `signal`: first all that is there, then what comes. */
export async function showDashboard(options: ShowDashboardOptions): Promise<void> {
  const readers = readersOf(options)
  const positions = await Promise.all(readers.map((read) => read('earliest', 'end')))
  if (options.signal.aborted) return
  options.view.caughtUp()
  await Promise.all([followTrades(options), ...readers.map((read, at) => read(positions[at] as Position))])
}

/** Reads a topic into the view from somewhere on, and tells where it stopped. */
type Read = (from: 'earliest' | Position, until?: 'end') => Promise<Position>

function readersOf(options: ShowDashboardOptions): readonly Read[] {
  const { view } = options
  const { name } = view.source
  return [
    reader(options, {
      topic: TOPICS.candles,
      codec: candlesCodec(name),
      apply: (message) => {
        if (message.kind === 'candle') view.applyCandle(message.candle)
      },
    }),
    reader(options, {
      topic: TOPICS.predictions,
      codec: predictionsCodec(name),
      apply: (prediction) => view.applyPrediction(prediction),
    }),
    reader(options, {
      topic: TOPICS.outcomes,
      codec: outcomesCodec(name),
      apply: (outcome) => view.applyOutcome(outcome),
    }),
  ]
}

function reader<Message>({ log, signal }: ShowDashboardOptions, { topic, codec, apply }: Feed<Message>): Read {
  return async (from, until) => {
    let position = from === 'earliest' ? (await log.bounds(topic)).begin : from
    const consumer = await log.consumer(topic, { from, signal, ...(until && { until }) })
    for await (const { records, next } of consumer) {
      // What is shown may wait for what is predicted.
      await nextTurn()
      for (const record of records) apply(codec.decode(record))
      position = next
    }
    return position
  }
}

/** Provisional candles are on no topic: they are made here from the trades, a few times a second. */
async function followTrades({
  log,
  view,
  checkpoints,
  signal,
  provisionalEvery = 250,
}: ShowDashboardOptions): Promise<void> {
  const windows = new OpenWindows(view)
  const timer = setInterval(() => windows.show(), provisionalEvery)
  try {
    await runFold({
      log,
      name: SHOW_DASHBOARD,
      version: 'trades/2',
      input: TOPICS.trades,
      outputs: [],
      fold: () => windows,
      partitions: 'whole',
      checkpoints,
      signal,
    })
  } finally {
    clearInterval(timer)
  }
}
