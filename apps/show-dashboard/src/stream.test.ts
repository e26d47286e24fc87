import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import {
  BTC,
  ETH,
  madeCandle,
  madeCompleteness,
  madeFeatures,
  madeOutcome,
  madePrediction,
  madeRegistry,
  minute,
} from './made-market.fixture.ts'
import { MarketView } from './market-view.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'
import { StreamHub } from './stream-hub.ts'

interface Received {
  readonly id: string | undefined
  readonly event: string
  readonly data: Record<string, unknown>
}

function makeView(): MarketView {
  return new MarketView({
    source: { name: 'simulator', simulated: true },
    symbols: [BTC, ETH],
    intervals: ['1m', '5m'],
    clock: () => minute(4),
  })
}

let server: RunningServer
const open: IncomingMessage[] = []
afterEach(async () => {
  for (const response of open.splice(0)) response.destroy()
  await server.close()
})

async function serve(view: MarketView, changes: Partial<ServerOptions> = {}): Promise<void> {
  server = await startServer({
    view,
    features: madeFeatures([]),
    registry: madeRegistry([]),
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: new Registry(),
    logger: { error: () => {} },
    port: 0,
    page: async () => import.meta.dirname,
    statusEvery: 60_000,
    ...changes,
  })
}

/** The events of one connection, one by one. */
async function* listen(query: string, lastEventId?: string): AsyncGenerator<Received, undefined> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const [response] = (await once(httpGet(`${server.url}/v1/stream?${query}`, { headers }), 'response')) as [
    IncomingMessage,
  ]
  open.push(response)
  let text = ''
  for await (const chunk of response) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const event = parse(text.slice(0, end))
      text = text.slice(end + 2)
      if (event !== undefined) yield event
    }
  }
  return undefined
}

function parse(frame: string): Received | undefined {
  const fields = Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
  return fields.event && { id: fields.id, event: fields.event, data: JSON.parse(fields.data) }
}

async function next(events: AsyncGenerator<Received, undefined>): Promise<Received> {
  const { value } = await events.next()
  if (value === undefined) throw new Error('The stream ended.')
  return value
}

describe('the stream', () => {
  it('begins with a status that says where the client stands', async () => {
    const view = makeView()
    view.caughtUp()
    view.applyEventTime(BTC, minute(3))
    await serve(view, {
      readiness: () => ({ ready: false, reasons: ['Back-filling.'] }),
      progress: () => [{ symbol: BTC, done: 3, total: 10 }],
      waitingFor: (symbol) => (symbol === BTC ? 'It needs 300 rows and has 12.' : undefined),
    })
    const status = await next(listen('symbols=BTC-USD'))
    expect(status.id).toMatch(/-0$/)
    expect(status).toMatchObject({
      event: 'status',
      data: {
        source: 'simulator',
        simulated: true,
        ready: false,
        reasons: ['Back-filling.'],
        reset: false,
        marketTime: '2025-11-10T13:04:00.000000Z',
        progress: [{ symbol: 'BTC/USD', done: 3, total: 10 }],
        symbols: [{ symbol: 'BTC/USD', ageSeconds: 60, waitingFor: 'It needs 300 rows and has 12.', scores: [] }],
      },
    })
  })

  it('says in brief what the trade log lacks, where this process writes it', async () => {
    const view = makeView()
    view.caughtUp()
    const hole = { firstTradeId: 8, lastTradeId: 9, since: '2025-11-10T13:03:00.000000Z', asked: 1 }
    const outage = { from: '2025-11-10T13:02:30.000000Z', to: '2025-11-10T13:03:00.000000Z', repaired: false }
    const facts = madeCompleteness({ holes: [hole], outages: [outage], backfill: 0.5, backfillSecondsLeft: 90 })
    await serve(view, { completeness: () => [facts] })
    const { data } = await next(listen('symbols=BTC-USD'))
    const brief = { completeToId: 7, holes: 1, exceptions: 0, outage: true, backfill: 0.5, backfillSecondsLeft: 90 }
    expect(data).toMatchObject({ symbols: [{ completeness: brief }] })
  })

  it('tells candles, predictions and outcomes as they happen', async () => {
    const view = makeView()
    view.caughtUp()
    await serve(view)
    const events = listen('')
    await next(events)
    view.applyProvisional(madeCandle(4, { state: 'provisional', revision: 0 }))
    view.applyCandle(madeCandle(3))
    view.applyPrediction(madePrediction(4))
    view.applyOutcome(madeOutcome(madePrediction(4), 0.0001))
    expect(await next(events)).toMatchObject({ event: 'candle', id: undefined, data: { state: 'provisional' } })
    expect(await next(events)).toMatchObject({ event: 'candle', data: { state: 'final', simulated: true } })
    expect(await next(events)).toMatchObject({ event: 'prediction', data: { outcome: null } })
    expect(await next(events)).toMatchObject({
      event: 'outcome',
      data: { outcome: 0.0001, covered: true, value: 0.00002 },
    })
  })

  it('gives only what was asked for', async () => {
    const view = makeView()
    view.caughtUp()
    await serve(view)
    const events = listen('symbols=ETH-USD&types=candle&intervals=5m')
    const started = next(events)
    await connected()
    view.applyCandle(madeCandle(0))
    view.applyCandle(madeCandle(0, { symbol: ETH }))
    view.applyPrediction(madePrediction(0, { symbol: ETH }))
    view.applyCandle(madeCandle(0, { symbol: ETH, interval: '5m' }))
    expect(await started).toMatchObject({ event: 'candle', data: { symbol: 'ETH/USD', interval: '5m' } })
  })

  it('resumes after the last event that the client saw', async () => {
    const view = makeView()
    view.caughtUp()
    await serve(view)
    const first = listen('types=candle,status')
    await next(first)
    for (const at of [0, 1, 2]) view.applyCandle(madeCandle(at))
    const { id } = await next(first)
    const resumed = listen('types=candle,status', id)
    expect(await next(resumed)).toMatchObject({ event: 'candle', data: { openTime: '2025-11-10T13:01:00.000000Z' } })
    expect(await next(resumed)).toMatchObject({ event: 'candle', data: { openTime: '2025-11-10T13:02:00.000000Z' } })
    expect(await next(resumed)).toMatchObject({ event: 'status', data: { reset: false } })
  })

  it('says to read again when the client was away for too long, or before a restart', async () => {
    const view = makeView()
    view.caughtUp()
    await serve(view, { backlog: 2 })
    const first = listen('')
    const { id } = await next(first)
    for (const at of [0, 1, 2]) view.applyCandle(madeCandle(at))
    expect(await next(listen('', id))).toMatchObject({ event: 'status', data: { reset: true } })
    expect(await next(listen('', 'other-run-2'))).toMatchObject({ event: 'status', data: { reset: true } })
  })

  it('says to read again when the past has been read', async () => {
    const view = makeView()
    await serve(view)
    const events = listen('')
    await next(events)
    view.applyCandle(madeCandle(0))
    view.caughtUp()
    expect(await next(events)).toMatchObject({ event: 'status', data: { reset: true } })
  })

  it('ends when the server closes', async () => {
    await serve(makeView())
    const events = listen('')
    await next(events)
    const closed = server.close()
    expect(await events.next()).toMatchObject({ done: true })
    await closed
  })
})

/** Resolves once a client is connected: what it is to hear may happen then. */
async function connected(): Promise<void> {
  const metrics = async () => (await fetch(`${server.url}/metrics`)).text()
  while (!(await metrics()).includes('c1_stream_clients 1')) await new Promise(setImmediate)
}

describe('a client that does not read', () => {
  it('is cut off when too much waits for it, and the others are not', () => {
    const view = makeView()
    view.caughtUp()
    let slow = 0
    const hub = new StreamHub({
      view,
      readiness: () => ({ ready: true, reasons: [] }),
      maxBuffered: 5000,
      onSlowClient: () => slow++,
    })
    const [reader, sleeper] = [new PassThrough(), new PassThrough()]
    reader.resume()
    for (const output of [reader, sleeper]) {
      hub.connect(output, { symbols: undefined, types: undefined, intervals: undefined }, undefined)
    }
    sleeper.cork()
    for (let at = 0; at < 50; at++) view.applyCandle(madeCandle(at))
    expect([sleeper.destroyed, reader.destroyed, slow]).toEqual([true, false, 1])
    hub.close()
  })

  it('hears a comment now and then, so that proxies keep the connection', () => {
    const hub = new StreamHub({ view: makeView(), readiness: () => ({ ready: true, reasons: [] }) })
    const output = new PassThrough({ encoding: 'utf8' })
    hub.connect(output, { symbols: undefined, types: ['candle'], intervals: undefined }, undefined)
    output.read()
    hub.beat()
    expect(output.read()).toMatch(/^: .*\n\n$/)
    hub.close()
  })
})
