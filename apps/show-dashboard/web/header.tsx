import type { SymbolRow } from '../src/wire.ts'
import { age, completeness } from './format.ts'
import type { Market } from './market.ts'
import { useNow } from './use-now.ts'

interface HeaderProps {
  readonly symbols: readonly SymbolRow[]
  readonly shown: SymbolRow | undefined
  readonly market: Market
  readonly onSelect: (symbol: string) => void
}

export function Header({ symbols, shown, market, onSelect }: HeaderProps) {
  const origin = market.status ?? shown
  return (
    <header class={origin?.simulated ? 'simulated' : ''}>
      <div class="bar">
        <h1>C1</h1>
        {origin && <SourceBadge source={origin.source} simulated={origin.simulated} />}
        <nav aria-label="Markets">
          {symbols.map(({ symbol }) => (
            <button key={symbol} type="button" aria-pressed={symbol === shown?.symbol} onClick={() => onSelect(symbol)}>
              {symbol}
            </button>
          ))}
        </nav>
        <div class="health">
          <Completeness market={market} symbol={shown?.symbol} />
          <Freshness market={market} symbol={shown?.symbol} />
          <ConnectionState market={market} />
        </div>
      </div>
    </header>
  )
}

function SourceBadge({ source, simulated }: { readonly source: string; readonly simulated: boolean }) {
  if (simulated) {
    return (
      <strong class="badge simulated" title={`Source: ${source}. This market is invented; nothing here was traded.`}>
        SIMULATED
      </strong>
    )
  }
  if (source.startsWith('replay')) {
    return (
      <strong class="badge replay" title={`Source: ${source}. Real trades, played again from a file.`}>
        REPLAY
      </strong>
    )
  }
  return (
    <strong class="badge live" title={`Source: ${source}`}>
      {source.toUpperCase()} live
    </strong>
  )
}

function Completeness({ market, symbol }: { readonly market: Market; readonly symbol: string | undefined }) {
  const known = market.status?.symbols.find((status) => status.symbol === symbol)?.completeness
  if (!known) return null
  return (
    <span class="completeness" title="Every trade has a number: what is missing is known, and fetched again.">
      {completeness(known)}
    </span>
  )
}

function Freshness({ market, symbol }: { readonly market: Market; readonly symbol: string | undefined }) {
  const now = useNow(500)
  const status = market.status?.symbols.find((status) => status.symbol === symbol)
  if (!status) return null
  if (status.ageSeconds === null) return <span class="freshness">no trade yet</span>
  const seconds = status.ageSeconds + (now - market.statusAt) / 1000
  return (
    <span class="freshness" title={`Newest trade at ${status.lastEventTime} UTC`}>
      last trade <b>{age(seconds)}</b> ago
    </span>
  )
}

const CONNECTION_WORDS = { connecting: 'Connecting', live: 'Connected', lost: 'Connection lost, trying again' }

function ConnectionState({ market: { connection, status } }: { readonly market: Market }) {
  const state = connection === 'live' && status?.ready === false ? 'starting' : connection
  const words = state === 'starting' ? 'Starting up' : CONNECTION_WORDS[connection]
  return (
    <span class={`connection ${state}`} role="status">
      <span>{words}</span>
    </span>
  )
}
