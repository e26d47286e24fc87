import { useState } from 'preact/hooks'
import type { CandleRow, SymbolRow } from '../src/wire.ts'
import { CandleChart } from './candle-chart.tsx'
import { amount, count, moment, price, signedPercent } from './format.ts'
import type { Market } from './market.ts'

interface CandleCardProps {
  readonly row: SymbolRow | undefined
  readonly market: Market
  readonly interval: string
  readonly intervals: readonly string[]
  readonly onSelect: (interval: string) => void
}

export function CandleCard({ row, market, interval, intervals, onSelect }: CandleCardProps) {
  const [pointed, setPointed] = useState<CandleRow | undefined>()
  const newest = market.candles.at(-1)
  return (
    <section class="card candles" aria-label={row ? `${row.symbol} candles` : 'Candles'}>
      <div class="head">
        <div class="quote">
          <h2>{row?.symbol ?? 'Market'}</h2>
          {newest && <span class="price">{price(newest.close)}</span>}
        </div>
        <fieldset class="intervals">
          <legend class="visually-hidden">Candle interval</legend>
          {intervals.map((choice) => (
            <button key={choice} type="button" aria-pressed={choice === interval} onClick={() => onSelect(choice)}>
              {choice}
            </button>
          ))}
        </fieldset>
      </div>
      {newest ? (
        <>
          <Legend candle={pointed ?? newest} />
          <CandleChart
            key={`${row?.symbol} ${interval}`}
            candles={market.candles}
            decimals={row?.priceDecimals ?? decimalsOf(newest.close)}
            onPoint={setPointed}
          />
        </>
      ) : (
        <Waiting symbol={row?.symbol} market={market} interval={interval} />
      )}
    </section>
  )
}

function decimalsOf(text: string): number {
  return text.split('.')[1]?.length ?? 0
}

function Legend({ candle }: { readonly candle: CandleRow }) {
  const change = Number(candle.close) / Number(candle.open) - 1
  return (
    <p class="legend">
      <span class="when">{moment(candle.openTime)} UTC</span>
      <Value name="O" text={price(candle.open)} />
      <Value name="H" text={price(candle.high)} />
      <Value name="L" text={price(candle.low)} />
      <Value name="C" text={price(candle.close)} />
      <span class={change >= 0 ? 'up' : 'down'}>{signedPercent(change)}</span>
      <Value name="Vol" text={amount(candle.volume)} />
      <Value name="VWAP" text={price(candle.vwap)} />
      <Value name="Trades" text={count(candle.tradeCount)} />
      {candle.state === 'provisional' && <span class="mark">open</span>}
      {candle.complete === false && <span class="mark warn">trades missing</span>}
    </p>
  )
}

function Value({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <span>
      <i>{name}</i> {text}
    </span>
  )
}

interface WaitingProps {
  readonly symbol: string | undefined
  readonly market: Market
  readonly interval: string
}

/** Why there is nothing to see yet, and how far the history is. */
function Waiting({ symbol, market: { status, connection, loaded }, interval }: WaitingProps) {
  const words = () => {
    if (connection === 'lost') return 'C1 does not answer. This page goes on by itself when it does.'
    if (status?.ready === false) return `Starting up. ${status.reasons.join(' ')}`
    if (symbol === undefined || !loaded) return 'Loading'
    return `Waiting for the first ${interval} candle of ${symbol}. It comes with the first trade.`
  }
  return (
    <div class="waiting">
      <p>{words()}</p>
      {status?.progress.map(({ symbol, done, total }) => (
        <label key={symbol}>
          History of {symbol}
          <progress value={done} max={Math.max(total, 1)} />
        </label>
      ))}
    </div>
  )
}
