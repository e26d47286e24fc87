import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type MarketView,
  type RunningServer,
  type ServerOptions,
  startServer,
} from '../../apps/show-dashboard/src/index.ts'
import {
  BTC,
  madeCandle,
  madeCompleteness,
  madeOutcome,
  madePrediction,
} from '../../apps/show-dashboard/src/made-market.fixture.ts'
import { chromiumPath, launch } from './chromium.ts'
import { busyView, emptyView, MINUTES, openCandle, serverOptions } from './market.ts'

const SIMULATOR = { name: 'simulator', simulated: true }
const KRAKEN = { name: 'kraken', simulated: false }
const WIDE = { width: 1440, height: 1000 }
const NARROW = { width: 390, height: 844 }

const executable = chromiumPath()
if (executable === undefined) process.stderr.write('No Chromium (CHROMIUM or PATH): the page is not tested.\n')

describe.skipIf(executable === undefined)('the page', () => {
  let browser: Browser
  let server: RunningServer
  let page: Page
  const faults: string[] = []
  const pictures = mkdtempSync(join(tmpdir(), 'c1-screenshots-'))

  beforeAll(async () => {
    browser = await launch(executable as string)
  })
  afterAll(async () => {
    await browser.close()
    process.stderr.write(`Screenshots are in ${pictures}\n`)
  })
  afterEach(async () => {
    await page.context().close()
    await server.close()
    expect(faults.splice(0)).toEqual([])
  })

  /** Opens the page of a view. Everything it logs as an error or asks of another host is a fault. */
  async function open(view: MarketView, context: BrowserContextOptions = {}, changes: Partial<ServerOptions> = {}) {
    server = await startServer(serverOptions(view, changes))
    page = await (await browser.newContext({ viewport: WIDE, ...context })).newPage()
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
    page.on('pageerror', (error) => faults.push(String(error)))
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) faults.push(request.url())
    })
    await page.goto(server.url)
  }

  const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  const overflow = () => page.evaluate('document.documentElement.scrollWidth - innerWidth')

  it('shows candles, where they come from, and predictions beside what happened', async () => {
    await open(busyView(SIMULATOR))
    await page.locator('.chart canvas').first().waitFor()
    expect(await page.locator('.badge').innerText()).toBe('SIMULATED')
    expect(await page.locator('.freshness').innerText()).toMatch(/last trade 0\.\d s ago/)
    expect(await page.getByRole('status').innerText()).toBe('Connected')
    expect(await page.locator('.history tbody tr').count()).toBe(30)
    expect(await page.locator('.history tbody tr').first().innerText()).toContain('open')
    expect(await page.locator('.history tbody tr').nth(1).locator('td').nth(1).innerText()).toMatch(/^[+−]?\d+\.\d\d$/)
    expect(await page.locator('.history .mark').count()).toBe(2)
    expect(await page.locator('aside').innerText()).toContain('elastic-net, version 1')
    expect(await page.locator('aside').innerText()).toMatch(/\d+ made in time/)
    expect(await page.locator('aside').innerText()).toContain('elastic-net beats the best baseline')
    expect(await page.locator('#tv-attr-logo').count()).toBe(1)
    expect(await overflow()).toBe(0)
    await picture('wide-light')
  })

  it('moves with the market', async () => {
    const view = busyView(SIMULATOR)
    await open(view)
    await page.locator('.chart canvas').first().waitFor()
    view.applyProvisional({ ...openCandle(65100, 65432.1), tradeCount: 500 })
    await page.locator('.price', { hasText: '65,432.1' }).waitFor()
    expect(await page.title()).toBe('65,432.1 BTC/USD · C1')
    const [open0, next] = [madePrediction(MINUTES), madePrediction(MINUTES + 1, { value: 0.00123 })]
    view.applyOutcome(madeOutcome(open0, 0.00077))
    await page.locator('.history tbody tr').first().getByText('+7.70').waitFor()
    view.applyCandle(madeCandle(MINUTES))
    view.applyPrediction(next)
    await page.locator('aside .figure', { hasText: '+12.30 bp over 1m' }).waitFor()
  })

  it.each([
    ['wide', WIDE],
    ['middle', { width: 980, height: 900 }],
    ['narrow', NARROW],
  ])('says in a line what is complete, and how much of the history is there (%s)', async (width, viewport) => {
    const completeness = madeCompleteness({
      completeToId: 90_838_327,
      holes: [{ firstTradeId: 90_838_328, lastTradeId: 90_838_340, since: '2025-11-10T13:03:00.000000Z', asked: 1 }],
      outages: [{ from: '2025-11-10T13:02:30.000000Z', to: null, repaired: false }],
      backfill: 0.456,
      backfillSecondsLeft: 754,
    })
    await open(busyView(SIMULATOR), { viewport }, { completeness: () => [completeness] })
    await page.locator('.chart canvas').first().waitFor()
    expect(await page.locator('.completeness').innerText()).toBe(
      'complete to trade 90,838,327 · 1 hole · outage not yet repaired · history 45 %, 13 min left',
    )
    expect(await overflow()).toBe(0)
    await picture(`completeness-${width}`)
  })

  it('fits a telephone', async () => {
    await open(busyView(SIMULATOR), { viewport: NARROW })
    await page.locator('.chart canvas').first().waitFor()
    expect(await overflow()).toBe(0)
    await picture('narrow-light')
  })

  it('is dark where the system is', async () => {
    await open(busyView(KRAKEN), { colorScheme: 'dark' })
    await page.locator('.chart canvas').first().waitFor()
    expect(await page.locator('.badge').innerText()).toBe('KRAKEN live')
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(14, 19, 24)')
    await picture('wide-dark')
    await page.setViewportSize(NARROW)
    expect(await overflow()).toBe(0)
    await picture('narrow-dark')
  })

  it('tells a replay from a live market', async () => {
    await open(busyView({ name: 'replay-march', simulated: false }))
    await page.getByText('REPLAY').waitFor()
  })

  it('chooses market and interval by keyboard, and keeps the choice in the address', async () => {
    const view = busyView(SIMULATOR)
    view.applyCandle(madeCandle(0, { interval: '5m' }))
    await open(view)
    await page.getByRole('button', { name: '5m', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.locator('.legend', { hasText: '65,000.1' }).waitFor()
    expect(new URL(page.url()).hash).toBe('#BTC-USD/5m')
    await page.getByRole('button', { name: 'ETH/USD' }).click()
    await page.getByText('Waiting for the first 5m candle of ETH/USD').waitFor()
  })

  it('says why there is nothing to see yet', async () => {
    const view = emptyView(SIMULATOR)
    view.caughtUp()
    const changes: Partial<ServerOptions> = {
      registry: { names: async () => [], versions: async () => [] },
      readiness: () => ({ ready: false, reasons: ['The last 12 hours are being fetched.'] }),
      progress: () => [{ symbol: BTC, done: 40, total: 100 }],
      waitingFor: () => 'A model needs 300 labelled rows and there are 12.',
      statusEvery: 50,
    }
    await open(view, {}, changes)
    await page.getByText('Starting up. The last 12 hours are being fetched.').waitFor()
    await page.getByText('History of BTC/USD').waitFor()
    expect(await page.getByText('A model needs 300 labelled rows').count()).toBe(2)
    await page.getByText('No outcome yet').waitFor()
    await picture('empty-light')
    await page.setViewportSize(NARROW)
    expect(await overflow()).toBe(0)
    await picture('empty-narrow')
  })

  it('does not claim a skill that few outcomes cannot show', async () => {
    const view = emptyView(SIMULATOR)
    for (let at = 0; at < 4; at++) {
      view.applyPrediction(madePrediction(at))
      view.applyOutcome(madeOutcome(madePrediction(at), 0.0001 * at))
    }
    view.caughtUp()
    await open(view)
    await page.getByText('Too few outcomes to say: 4 of the 30 it takes at least.').waitFor()
  })

  it('says so when the connection is lost, and comes back by itself after a restart', async () => {
    const view = busyView(SIMULATOR)
    await open(view)
    await page.locator('.connection.live').waitFor()
    const { port } = new URL(server.url)
    await server.close()
    await page.getByText('Connection lost, trying again').waitFor()
    view.applyProvisional({ ...openCandle(65100, 65777.7), tradeCount: 900 })
    server = await startServer(serverOptions(view, { port: Number(port) }))
    await page.locator('.connection.live').waitFor()
    await page.locator('.price', { hasText: '65,777.7' }).waitFor()
    expect(faults.splice(0).filter((fault) => !fault.includes('Failed to load resource'))).toEqual([])
  })
})
