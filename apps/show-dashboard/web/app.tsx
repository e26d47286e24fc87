import { useEffect } from 'preact/hooks'
import { CandleCard } from './candle-card.tsx'
import { price } from './format.ts'
import { Header } from './header.tsx'
import { LatestPrediction } from './latest-prediction.tsx'
import { LiveScore } from './live-score.tsx'
import { ModelCard } from './model-card.tsx'
import { PredictionHistory } from './prediction-history.tsx'
import { useMarket, useSymbols } from './use-market.ts'
import { useSelection } from './use-selection.ts'

export function App() {
  const symbols = useSymbols()
  const [selection, select] = useSelection()
  const shown = symbols.find(({ symbol }) => symbol === selection.symbol) ?? symbols[0]
  const intervals = shown?.intervals ?? ['1m']
  const interval = intervals.includes(selection.interval) ? selection.interval : (intervals[0] ?? '1m')
  const market = useMarket(shown?.symbol, interval)
  const status = market.status?.symbols.find(({ symbol }) => symbol === shown?.symbol)
  const latest = market.predictions.at(-1)
  const model = market.models.find(({ inForce }) => inForce)
  const close = market.candles.at(-1)?.close

  useEffect(() => {
    document.title = shown && close ? `${price(close)} ${shown.symbol} · C1` : 'C1'
  }, [shown, close])

  return (
    <>
      <Header symbols={symbols} shown={shown} market={market} onSelect={(symbol) => select({ symbol, interval })} />
      <main>
        <CandleCard
          row={shown}
          market={market}
          interval={interval}
          intervals={intervals}
          onSelect={(interval) => select({ symbol: shown?.symbol, interval })}
        />
        <aside>
          <LatestPrediction latest={latest} waitingFor={status?.waitingFor ?? undefined} loaded={market.loaded} />
          <LiveScore score={status?.scores.find(({ model }) => model === latest?.model) ?? status?.scores[0]} />
          <ModelCard model={model} waitingFor={status?.waitingFor ?? undefined} />
        </aside>
        <PredictionHistory predictions={market.predictions} />
      </main>
    </>
  )
}
