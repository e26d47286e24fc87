import {
  type CandlestickData,
  CandlestickSeries,
  createChart,
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type MouseEventParams,
  type UTCTimestamp,
} from 'lightweight-charts'
import { useEffect, useRef } from 'preact/hooks'
import type { CandleRow } from '../src/wire.ts'
import { price } from './format.ts'
import { type Theme, useTheme } from './theme.ts'

interface CandleChartProps {
  /** Oldest first. */
  readonly candles: readonly CandleRow[]
  readonly decimals: number
  /** The candle under the pointer, or none. */
  readonly onPoint: (candle: CandleRow | undefined) => void
}

interface Painted {
  readonly chart: IChartApi
  readonly prices: ISeriesApi<'Candlestick'>
  readonly volumes: ISeriesApi<'Histogram'>
  rows: readonly CandleRow[]
}

export function CandleChart({ candles, decimals, onPoint }: CandleChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const painted = useRef<Painted | undefined>(undefined)
  const theme = useTheme()

  useEffect(() => {
    const made = make(place.current as HTMLDivElement, decimals)
    painted.current = made
    made.chart.subscribeCrosshairMove(({ time }: MouseEventParams) => {
      onPoint(time === undefined ? undefined : made.rows.find((row) => secondsOf(row) === time))
    })
    return () => made.chart.remove()
  }, [decimals, onPoint])

  useEffect(() => {
    if (painted.current !== undefined) applyTheme(painted.current, theme)
  }, [theme, decimals])

  useEffect(() => {
    if (painted.current !== undefined) paint(painted.current, candles, theme)
  }, [candles, theme, decimals])

  return <div class="chart" ref={place} />
}

function make(place: HTMLElement, decimals: number): Painted {
  const chart = createChart(place, {
    autoSize: true,
    layout: { background: { color: 'transparent' }, fontFamily: 'inherit', attributionLogo: true },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.06, bottom: 0.24 } },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, rightOffset: 4, barSpacing: 8 },
    handleScroll: { vertTouchDrag: false },
    localization: { priceFormatter: (value: number) => price(value.toFixed(decimals)) },
  })
  const prices = chart.addSeries(CandlestickSeries, {
    borderVisible: false,
    priceFormat: { type: 'price', precision: decimals, minMove: 10 ** -decimals },
  })
  const volumes = chart.addSeries(HistogramSeries, {
    priceScaleId: '',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  })
  volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } })
  return { chart, prices, volumes, rows: [] }
}

function applyTheme({ chart, prices }: Painted, theme: Theme): void {
  chart.applyOptions({
    layout: { textColor: theme.ink },
    grid: { vertLines: { color: theme.line }, horzLines: { color: theme.line } },
    crosshair: { vertLine: { color: theme.ink }, horzLine: { color: theme.ink } },
  })
  prices.applyOptions({ upColor: theme.up, downColor: theme.down, wickUpColor: theme.up, wickDownColor: theme.down })
}

/** Only the newest candles when no older one changed, which is four times a second; all of them otherwise. */
function paint(painted: Painted, rows: readonly CandleRow[], theme: Theme): void {
  const before = painted.rows
  painted.rows = rows
  const firstChange = rows.findIndex((row, at) => row !== before[at])
  const onlyNewest = before.length > 0 && firstChange >= before.length - 1 && rows.length >= before.length
  if (!onlyNewest) {
    painted.prices.setData(rows.map(bar))
    painted.volumes.setData(rows.map((row) => volumeBar(row, theme)))
    return
  }
  for (const row of rows.slice(firstChange)) {
    painted.prices.update(bar(row))
    painted.volumes.update(volumeBar(row, theme))
  }
}

function secondsOf({ openTime }: CandleRow): UTCTimestamp {
  return (Date.parse(openTime) / 1000) as UTCTimestamp
}

function bar(row: CandleRow): CandlestickData<UTCTimestamp> {
  return {
    time: secondsOf(row),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
  }
}

function volumeBar(row: CandleRow, theme: Theme): HistogramData<UTCTimestamp> {
  const rose = Number(row.close) >= Number(row.open)
  return { time: secondsOf(row), value: Number(row.volume), color: rose ? theme.volumeUp : theme.volumeDown }
}
