import { type EpochMicros, type Instrument, MalformedError } from '@c1/market'
import { readAssetPairs } from '../instruments.ts'
import { restName } from '../names.ts'
import { systemTimers, type Timers } from '../timers.ts'
import { venueAddress } from '../venue-address.ts'
import type { VenueStatus } from '../venue-status.ts'
import { asRecord } from '../wire/exact-json.ts'
import { readNumber, readSeconds, readText } from '../wire/fields.ts'
import type { BudgetState, Urgency } from './call-budget.ts'
import type { Cursor } from './cursor.ts'
import { PublicApi } from './http.ts'
import { PAGE_ROWS, readTradesPage, type TradesPage } from './trades-page.ts'
import { walkPages } from './walk.ts'

export interface KrakenRestOptions {
  /** Scheme, host and port, without path. Kraken's by default. */
  readonly baseUrl?: string
  readonly fetch?: typeof fetch
  readonly timers?: Timers
  /** Gives [0, 1), for jitter. */
  readonly random?: () => number
  /**
   * Least time between two calls of this client. 1020 by default: the number that Kraken allows is unpublished, one a second is
   * safe, and the way there shortens a pause now and then. It grows where the venue refuses calls.
   */
  readonly minIntervalMs?: number
  /** Longest wait for one answer. 15000 by default. */
  readonly timeoutMs?: number
  /** Calls made before a retryable error is thrown. 5 by default; 1 asks once. */
  readonly attempts?: number
}

/**
 * Kraken's public REST interface, or anything that speaks it. All methods throw `C1Error` with a `kraken_*` code when the
 * venue does not serve the call even after back-off, `MalformedError` when its answer has another shape, and the signal's
 * reason as soon as it aborts.
 */
export class KrakenRest {
  readonly #api: PublicApi

  /** @throws UsageError `address_malformed` */
  constructor(options: KrakenRestOptions = {}) {
    this.#api = new PublicApi({
      baseUrl: venueAddress(options.baseUrl ?? 'https://api.kraken.com', ['http', 'https']),
      fetch: options.fetch ?? fetch,
      timers: options.timers ?? systemTimers,
      random: options.random ?? Math.random,
      minIntervalMs: options.minIntervalMs ?? 1_020,
      timeoutMs: options.timeoutMs ?? 15_000,
      attempts: options.attempts ?? 5,
    })
  }

  /** Every market that the venue lists and C1 can name. */
  async instruments(signal?: AbortSignal): Promise<Instrument[]> {
    return readAssetPairs(await this.#api.get('AssetPairs', {}, { signal }))
  }

  /** The oldest trades from `since` on, up to 1,000; without it the newest. */
  async tradesPage(
    instrument: Instrument,
    since: Cursor | undefined,
    signal?: AbortSignal,
    urgency: Urgency = 'usual',
  ): Promise<TradesPage> {
    const query = { pair: restName(instrument), ...(since !== undefined && { since }), count: String(PAGE_ROWS) }
    return readTradesPage(await this.#api.get('Trades', query, { signal, urgency }), instrument, since)
  }

  /** Pages from `since` to the market's newest trade, none of them holding a trade twice. See `walkPages`. */
  pages(
    instrument: Instrument,
    since: Cursor,
    signal?: AbortSignal,
    { reached, urgency }: { readonly reached?: number | undefined; readonly urgency?: Urgency } = {},
  ): AsyncGenerator<TradesPage, void, void> {
    return walkPages((cursor) => this.tradesPage(instrument, cursor, signal, urgency), since, reached)
  }

  /** Of the calls made so far, for all endpoints. */
  budget(): BudgetState {
    return this.#api.budget()
  }

  async systemStatus(signal?: AbortSignal): Promise<VenueStatus> {
    const { status } = asRecord(await this.#api.get('SystemStatus', {}, { signal })) ?? {}
    const system = readText('status', status)
    return { system, online: system.toLowerCase() === 'online' }
  }

  /** The venue's clock, in whole seconds. */
  async time(signal?: AbortSignal): Promise<EpochMicros> {
    const result = asRecord(await this.#api.get('Time', {}, { signal }))
    if (result === undefined) throw new MalformedError('time_malformed', 'The answer (Time) is not an object.')
    return readSeconds(readNumber('time', result.unixtime))
  }
}
