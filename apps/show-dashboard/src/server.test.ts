import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FeatureRow } from '@c1/features'
import { type DecimalText, type EpochMicros, MICROS_PER_SECOND, UsageError } from '@c1/market'
import type { ModelVersion } from '@c1/modeling'
import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  BTC,
  ETH,
  madeCandle,
  madeFeatures,
  madeOutcome,
  madePrediction,
  madeRegistry,
  madeVersion,
  minute,
} from './made-market.fixture.ts'
import { MarketView } from './market-view.ts'
import { createServer, type ServerOptions, startServer } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'c1-page-'))
const ROW: FeatureRow = {
  symbol: BTC,
  eventTime: minute(3),
  availableAt: minute(3),
  revision: 1,
  firstTradeId: 1000,
  lastTradeId: 1029,
  values: [0.0001, Number.NaN],
}

beforeAll(() => {
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>C1</title>')
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'assets', 'index-1.js'), 'export {}')
})
afterAll(() => rmSync(folder, { recursive: true }))

function makeOptions(changes: Partial<ServerOptions> = {}): ServerOptions {
  const view = new MarketView({
    source: { name: 'simulator', simulated: true },
    symbols: [BTC, ETH],
    intervals: ['1m', '5m'],
    clock: () => minute(4),
  })
  view.caughtUp()
  for (const at of [0, 1, 2]) view.applyCandle(madeCandle(at))
  view.applyProvisional(madeCandle(3, { state: 'provisional', revision: 0, complete: undefined, buyVolume: undefined }))
  view.applyPrediction(madePrediction(2))
  view.applyOutcome(madeOutcome(madePrediction(2), 0.0005))
  view.applyPrediction(madePrediction(3))
  view.applyEventTime(BTC, (minute(4) - MICROS_PER_SECOND / 2) as EpochMicros)
  return {
    view,
    features: madeFeatures([ROW]),
    registry: madeRegistry([madeVersion(), madeVersion({ version: 2, effectiveFrom: minute(9) })]),
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: new Registry(),
    logger: { error: () => {} },
    port: 0,
    page: async () => folder,
    ...changes,
  }
}

let app: FastifyInstance
afterEach(() => app.close())

/** Status and JSON body of a GET. */
async function get(path: string, changes: Partial<ServerOptions> = {}) {
  app = createServer(makeOptions(changes))
  const answer = await app.inject({ url: path, headers: { host: 'localhost:7070' } })
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.json() }
}

const BUDGET = { calls: 12, refused: 1, spacingSeconds: 1.02, heldUntil: '2025-11-10T13:03:02.000000Z' }
const COMPLETENESS = [
  {
    symbol: BTC,
    trades: 40,
    completeToId: 1019,
    completeToTime: '2025-11-10T13:02:00.000000Z',
    holes: [{ firstTradeId: 1020, lastTradeId: 1021, since: '2025-11-10T13:03:00.000000Z', asked: 2 }],
    exceptions: [
      {
        firstTradeId: 1005,
        lastTradeId: 1005,
        from: '2025-11-10T13:00:30.000000Z',
        to: '2025-11-10T13:00:40.000000Z',
      },
    ],
    outages: [
      { from: '2025-11-10T12:59:00.000000Z', to: '2025-11-10T12:59:09.000000Z', repaired: true },
      { from: '2025-11-10T13:02:30.000000Z', to: null, repaired: false },
    ],
    repaired: 1,
    duplicates: 3,
    backfill: 1,
    backfillTradesLeft: 0,
    backfillSecondsLeft: 80,
    budget: BUDGET,
  },
  {
    symbol: ETH,
    trades: 0,
    completeToId: null,
    completeToTime: null,
    holes: [],
    exceptions: [],
    outages: [],
    repaired: 0,
    duplicates: 0,
    backfill: 0,
    backfillTradesLeft: null,
    backfillSecondsLeft: 80,
    budget: BUDGET,
  },
]

describe('completeness', () => {
  const completeness = () => COMPLETENESS
  const origin = { source: 'simulator', simulated: true }

  it('is what the writer of the trades says, of every market or of one', async () => {
    const all = await get('/v1/completeness', { completeness })
    expect(all.body).toEqual(COMPLETENESS.map((row) => ({ ...row, ...origin })))
    await app.close()
    const one = await get('/v1/completeness?symbol=ETH-USD', { completeness })
    expect(one.body).toEqual([{ ...COMPLETENESS[1], ...origin }])
  })

  it('is not known where another process writes the trades', async () => {
    const { body, status } = await get('/v1/completeness')
    expect(status).toBe(404)
    expect(body).toMatchObject({ code: 'completeness_elsewhere', detail: expect.stringContaining('c1 status') })
  })
})

describe('rows', () => {
  it('of candles have the fixed names in the fixed order, then where they come from', async () => {
    const { body } = await get('/v1/candles?symbol=BTC-USD&interval=1m')
    expect(Object.keys(body[0]).join()).toBe(
      'symbol,interval,openTime,closeTime,open,high,low,close,volume,vwap,tradeCount,buyVolume,firstTradeId,lastTradeId,' +
        'revision,state,complete,source,simulated',
    )
    expect(body[0]).toEqual({
      symbol: 'BTC/USD',
      interval: '1m',
      openTime: '2025-11-10T13:00:00.000000Z',
      closeTime: '2025-11-10T13:01:00.000000Z',
      open: '65000.1',
      high: '65010.0',
      low: '64990.0',
      close: '65005.5',
      volume: '1.25000000',
      vwap: '65001.2',
      tradeCount: 10,
      buyVolume: '0.75000000',
      firstTradeId: 1000,
      lastTradeId: 1009,
      revision: 1,
      state: 'final',
      complete: true,
      source: 'simulator',
      simulated: true,
    })
  })

  it('of candles end with the provisional one, unknown values null', async () => {
    const { body } = await get('/v1/candles?symbol=BTC/USD&interval=1m')
    expect(body.map(({ state }: { state: string }) => state)).toEqual(['final', 'final', 'final', 'provisional'])
    expect(body[3]).toMatchObject({ revision: 0, buyVolume: null, complete: null })
  })

  it('of predictions hold the outcome once it is known', async () => {
    const { body } = await get('/v1/predictions?symbol=BTC%2FUSD')
    expect(Object.keys(body[0]).join()).toMatch(
      /^symbol,madeAt,asOf,horizon,model,version,value,lower,upper,coverage,outcome,error,covered,/,
    )
    expect(body).toMatchObject([
      { horizon: '1m', outcome: 0.0005, covered: false, late: false, simulated: true },
      { asOf: '2025-11-10T13:03:00.000000Z', madeAt: '2025-11-10T13:03:00.001500Z', outcome: null, covered: null },
    ])
  })

  it('give the latest prediction, or say why there is none', async () => {
    expect((await get('/v1/predictions/latest?symbol=BTC-USD')).body).toMatchObject({
      asOf: '2025-11-10T13:03:00.000000Z',
    })
    await app.close()
    const none = await get('/v1/predictions/latest?symbol=ETH-USD')
    expect(none).toMatchObject({ status: 404, body: { code: 'prediction_absent' } })
  })

  it('give the online feature vector by name, what is not determined null', async () => {
    expect((await get('/v1/features/latest?symbol=BTC-USD')).body).toMatchObject({
      symbol: 'BTC/USD',
      eventTime: '2025-11-10T13:03:00.000000Z',
      return1: 0.0001,
      takerImbalance: null,
      simulated: true,
    })
    await app.close()
    expect(await get('/v1/features/latest?symbol=ETH-USD')).toMatchObject({
      status: 404,
      body: { code: 'features_not_warm' },
    })
  })

  it('of symbols tell how far each market is', async () => {
    const { body } = await get('/v1/symbols')
    expect(body).toMatchObject([
      {
        symbol: 'BTC/USD',
        base: 'BTC',
        quote: 'USD',
        intervals: ['1m', '5m'],
        lastEventTime: '2025-11-10T13:03:59.500000Z',
      },
      { symbol: 'ETH/USD', lastEventTime: null },
    ])
  })

  it('of models say which version is in force, without its weights', async () => {
    const { body } = await get('/v1/models?symbol=BTC-USD')
    expect(body).toMatchObject([
      { version: 1, inForce: true, horizon: '1m', champion: 'elastic-net', liveScore: { count: 1 } },
      { version: 2, inForce: false },
    ])
    expect(body[0]).not.toHaveProperty('model')
    await app.close()
    expect((await get('/v1/models?symbol=ETH-USD')).body).toEqual([])
  })
})

describe('a selection', () => {
  const times = async (query: string) => {
    const { body } = await get(`/v1/candles?symbol=BTC-USD&interval=1m&${query}`)
    await app.close()
    return body.map(({ openTime }: { openTime: string }) => openTime.slice(11, 16))
  }

  it('takes times from the start up to but without the end, also relative to the market clock', async () => {
    expect(await times('from=2025-11-10T13:01:00Z&to=2025-11-10T13:03:00Z')).toEqual(['13:01', '13:02'])
    expect(await times('from=-2m')).toEqual(['13:02', '13:03'])
  })

  it('keeps the newest rows, or the first ones after a given start', async () => {
    expect(await times('limit=2')).toEqual(['13:02', '13:03'])
    expect(await times('limit=2&from=-1d')).toEqual(['13:00', '13:01'])
  })
})

describe('candles with fill=flat', () => {
  /** The rows when the candle after the three is of that minute and starts with that trade. */
  const filled = async (query: string, at: number, firstTradeId = 1030) => {
    const { view } = makeOptions()
    view.applyCandle(madeCandle(at, { firstTradeId, lastTradeId: 1039 }))
    const { body } = await get(`/v1/candles?symbol=BTC-USD&interval=1m&fill=flat&${query}`, { view })
    return body
  }
  const shorts = (rows: readonly { openTime: string; filled: boolean }[]) =>
    rows.map(({ filled, openTime }) => `${openTime.slice(11, 16)}${filled ? ' filled' : ''}`)

  it('have rows for windows without trades, marked, and every row says which it is', async () => {
    const rows = await filled('from=2025-11-10T13:02:00Z&to=2025-11-10T13:07:00Z', 6)
    expect(shorts(rows)).toEqual(['13:02', '13:03 filled', '13:04 filled', '13:05 filled', '13:06'])
    expect(rows[1]).toEqual({
      ...rows[0],
      openTime: '2025-11-10T13:03:00.000000Z',
      closeTime: '2025-11-10T13:04:00.000000Z',
      open: '65005.5',
      high: '65005.5',
      low: '65005.5',
      volume: '0.00000000',
      vwap: '0.0',
      tradeCount: 0,
      buyVolume: '0.00000000',
      firstTradeId: null,
      lastTradeId: null,
      filled: true,
    })
    expect(Object.keys(rows[1]).at(-1)).toBe('filled')
  })

  it('are as many as asked for, at either end, however long the silence lasts', async () => {
    expect(shorts(await filled('limit=3&from=2025-11-10T13:01:00Z', 60_000_000))).toEqual([
      '13:01',
      '13:02',
      '13:03 filled',
    ])
    await app.close()
    expect(shorts(await filled('limit=2', 60_000_000))).toEqual(['04:59 filled', '05:00'])
  })

  it('have no rows where trades are missing', async () => {
    expect(shorts(await filled('from=2025-11-10T13:02:00Z', 6, 1031))).toEqual(['13:02', '13:06'])
  })
})

describe('what cannot be answered', () => {
  it.each([
    ['/v1/candles?interval=1m', 400, 'parameter_missing', 'symbol=BTC-USD'],
    ['/v1/candles?symbol=BTC-USD', 400, 'parameter_missing', 'interval=1m'],
    ['/v1/candles?symbol=DOGE-USD&interval=1m', 404, 'symbol_unknown', '"DOGE-USD"'],
    ['/v1/candles?symbol=BTC-USD&interval=7m', 400, 'interval_unknown', '"7m"'],
    ['/v1/candles?symbol=BTC-USD&interval=1h', 404, 'interval_not_built', 'It builds 1m, 5m'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&fill=zero', 400, 'parameter_malformed', 'Choose flat'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&from=yesterday', 400, 'time_malformed', 'from="yesterday"'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&from=-24x', 400, 'span_malformed', 'from="-24x"'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&from=-1m&to=-2m', 400, 'range_reversed', 'from=-1m'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&limit=5001', 400, 'limit_malformed', '5000'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&limit=0', 400, 'limit_malformed', '"0"'],
    ['/v1/candles?symbol=BTC-USD&interval=1m&knownAt=-1h', 400, 'parameter_unknown', '"knownAt"'],
    ['/v1/candles?symbol=BTC-USD&symbol=ETH-USD&interval=1m', 400, 'parameter_repeated', '"symbol"'],
    ['/v1/stream?types=candles', 400, 'parameter_malformed', '"candles"'],
    ['/v1/stream?symbols=BTC-USD,DOGE-USD', 404, 'symbol_unknown', '"DOGE-USD"'],
    ['/v1/symbols?limit=3', 400, 'parameter_unknown', '"limit"'],
    ['/v1/verify', 404, 'route_unknown', '/v1/verify'],
    ['/openapi.json', 404, 'route_unknown', '/openapi.json'],
    ['/%zz', 400, 'request_refused', '%zz'],
  ])('%s is a problem that names the value and the remedy', async (path, status, code, words) => {
    const answer = await get(path)
    expect(answer).toMatchObject({
      status,
      type: expect.stringContaining('application/problem+json'),
      body: { status, code },
    })
    expect(answer.body.title).toBeTypeOf('string')
    expect(answer.body.type).toBe('about:blank')
    expect(answer.body.detail).toContain(words)
  })

  it('because of a fault inside tells nothing of it, and the log all', async () => {
    const logged: unknown[] = []
    const registry = { ...madeRegistry([]), names: () => Promise.reject<string[]>(new Error('secret path')) }
    const answer = await get('/v1/models', { registry, logger: { error: (details) => logged.push(details) } })
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } })
    expect(JSON.stringify(answer.body)).not.toContain('secret')
    expect(logged).toMatchObject([{ err: { message: 'secret path' }, url: '/v1/models' }])
  })
})

describe('security', () => {
  const request = async (options: { method?: 'POST' | 'GET' | 'HEAD'; host?: string; bind?: string; url?: string }) => {
    const { method = 'GET', host = 'localhost', bind, url = '/v1/symbols' } = options
    app = createServer(makeOptions(bind === undefined ? {} : { host: bind }))
    const answer = await app.inject({ method, url, headers: { host } })
    await app.close()
    return answer
  }

  it.each(['localhost', 'localhost:7070', '127.0.0.1:7070', '[::1]:7070', 'LOCALHOST'])(
    'answers to %s',
    async (host) => {
      expect((await request({ host })).statusCode).toBe(200)
    },
  )

  it.each(['evil.example', 'localhost.evil.example:7070', '127.0.0.1.evil.example', '10.0.0.5', 'localhost.'])(
    'refuses the host "%s", which another site could have pointed here',
    async (host) => {
      const answer = await request({ host })
      expect(answer.statusCode).toBe(403)
      expect(answer.json()).toMatchObject({ code: 'host_refused' })
    },
  )

  it('answers to the configured host, and to addresses where it listens on all', async () => {
    expect((await request({ bind: 'box.lan', host: 'box.lan:7070' })).statusCode).toBe(200)
    expect((await request({ bind: '0.0.0.0', host: '10.0.0.5:7070' })).statusCode).toBe(200)
    expect((await request({ bind: '0.0.0.0', host: 'evil.example' })).statusCode).toBe(403)
  })

  it('only reads', async () => {
    const answer = await request({ method: 'POST' })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers.allow).toBe('GET, HEAD')
    expect((await request({ method: 'HEAD' })).statusCode).toBe(200)
  })

  it('sends its headers with every answer and allows no other origin', async () => {
    for (const url of ['/', '/v1/symbols', '/nothing', '/%zz']) {
      const { headers } = await request({ url })
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })
})

describe('health', () => {
  it('is alive before it is ready, and says why it is not', async () => {
    const readiness = () => ({ ready: false, reasons: ['The candles are being read.'] })
    expect(await get('/healthz', { readiness })).toMatchObject({ status: 200 })
    await app.close()
    expect(await get('/readyz', { readiness })).toMatchObject({
      status: 503,
      body: { code: 'not_ready', reasons: ['The candles are being read.'] },
    })
    await app.close()
    expect(await get('/readyz')).toMatchObject({ status: 200 })
    await app.close()
    const view = new MarketView({
      source: { name: 'kraken', simulated: false },
      symbols: [],
      intervals: [],
      clock: () => minute(0),
    })
    expect(await get('/readyz', { view })).toMatchObject({
      status: 503,
      body: { reasons: [expect.stringContaining('read')] },
    })
  })

  it('is measured for Prometheus', async () => {
    app = createServer(makeOptions())
    await app.inject({ url: '/v1/symbols', headers: { host: 'localhost' } })
    const { body, headers } = await app.inject({ url: '/metrics', headers: { host: 'localhost' } })
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain('c1_http_requests_total{method="GET",route="/v1/symbols",status="200"} 1')
    expect(body).toContain('c1_http_request_duration_seconds_count{route="/v1/symbols"} 1')
    expect(body).toContain('c1_market_age_seconds{symbol="BTC/USD"} 0.5')
    expect(body).toContain('c1_stream_clients 0')
  })
})

describe('the page', () => {
  const fetchPage = async (url: string, changes: Partial<ServerOptions> = {}) => {
    app = createServer(makeOptions(changes))
    return app.inject({ url, headers: { host: 'localhost' } })
  }

  it('is sent with its assets, which may be kept for ever', async () => {
    const page = await fetchPage('/')
    expect(page.body).toContain('<title>C1</title>')
    expect(page.headers['cache-control']).toBe('no-cache')
    await app.close()
    const asset = await fetchPage('/assets/index-1.js')
    expect(asset.headers['content-type']).toContain('javascript')
    expect(asset.headers['cache-control']).toContain('immutable')
  })

  it.each(['/assets/none.js', '/assets/../index.html', '/assets/%2e%2e%2findex.html', '/index.html'])(
    '%s is not there',
    async (url) => {
      const answer = await fetchPage(url)
      expect(answer.statusCode).toBeGreaterThanOrEqual(400)
      expect(answer.headers['content-type']).toContain('application/problem+json')
    },
  )

  it('waits for its build while the API answers', async () => {
    const built = Promise.withResolvers<string>()
    app = createServer(makeOptions({ page: () => built.promise }))
    const page = app.inject({ url: '/', headers: { host: 'localhost' } })
    expect((await app.inject({ url: '/v1/symbols', headers: { host: 'localhost' } })).statusCode).toBe(200)
    built.resolve(folder)
    expect((await page).statusCode).toBe(200)
  })

  it('that could not be built is a problem of the page alone', async () => {
    const page = () => Promise.reject<string>(new Error('no bundler'))
    expect((await fetchPage('/', { page })).json()).toMatchObject({ status: 503, code: 'page_not_built' })
    expect((await app.inject({ url: '/v1/symbols', headers: { host: 'localhost' } })).statusCode).toBe(200)
  })
})

describe('a port in use', () => {
  it('is one error that names it and the remedy', async () => {
    const first = await startServer(makeOptions())
    const { port } = new URL(first.url)
    const second = startServer(makeOptions({ port: Number(port) }))
    await expect(second).rejects.toThrow(UsageError)
    await expect(second).rejects.toMatchObject({ code: 'port_in_use' })
    await expect(second).rejects.toThrow(new RegExp(`${port}.*C1_HTTP_PORT`))
    await first.close()
  })

  it('is not confused with an address that the machine does not have', async () => {
    const started = startServer(makeOptions({ host: '203.0.113.7' }))
    await expect(started).rejects.toMatchObject({ code: 'host_unavailable' })
  })
})

describe('volumes', () => {
  it('keep all their decimals', async () => {
    const { view } = makeOptions()
    view.applyCandle(madeCandle(5, { volume: '123456789012.12345678' as DecimalText }))
    const { body } = await get('/v1/candles?symbol=BTC-USD&interval=1m&limit=1', { view })
    expect(body[0].volume).toBe('123456789012.12345678')
  })
})

describe('an unused version', () => {
  it('is listed as not in force', async () => {
    const future: ModelVersion = madeVersion({ effectiveFrom: minute(60) })
    expect((await get('/v1/models', { registry: madeRegistry([future]) })).body).toMatchObject([{ inForce: false }])
  })
})
