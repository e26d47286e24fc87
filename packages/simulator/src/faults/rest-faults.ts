import { type EpochMicros, type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import type { TradesOptions } from '../rest/trades.ts'
import type { Fault, FaultKind } from './fault.ts'
import type { FaultSchedule } from './schedule.ts'
import { unserved } from './trade-faults.ts'

/** A REST call as far as faults are concerned. */
export interface RestCall {
  readonly endpoint: string
  /** Absent where the endpoint has none. */
  readonly symbol: MarketSymbol | undefined
}

export interface RestAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export const json = (body: string): RestAnswer => ({ status: 200, contentType: 'application/json', body })
export const html = (status: number): RestAnswer => ({
  status,
  contentType: 'text/html; charset=UTF-8',
  body: `<!DOCTYPE html>\n<html><head><title>api.kraken.com | ${status}</title></head><body>error code: ${status}</body></html>`,
})

/** Faults of REST answers, from the call to the last byte. */
export class RestFaults {
  readonly #faults: FaultSchedule

  constructor(faults: FaultSchedule) {
    this.#faults = faults
  }

  /** Whether the connection ends without an answer. */
  hangsUp(call: RestCall): boolean {
    return this.#strikes('rest-hang-up', call) !== undefined
  }

  /** The answer that a call gets instead of its own. */
  instead(call: RestCall): RestAnswer | undefined {
    const status = this.#strikes('rest-status', call)
    if (status !== undefined) return html(status.status)
    const throttled = this.#strikes('rest-throttled', call)
    if (throttled !== undefined) return json(errorText(throttledError(throttled), 'null'))
    const failed = this.#strikes('rest-error', call)
    return failed && json(errorText(failed.errors, failed.result))
  }

  /** How much of an answer is sent: half of it when it is cut off. */
  cut(call: RestCall, answer: RestAnswer): RestAnswer {
    if (this.#strikes('rest-cut-off', call) === undefined) return answer
    return { ...answer, body: answer.body.slice(0, answer.body.length >> 1) }
  }

  /** Resolves when the answer may be sent. */
  async delay(call: RestCall): Promise<void> {
    const slow = this.#strikes('rest-slow', call)
    if (slow !== undefined) await new Promise<void>((resolve) => this.#faults.later(slow.by, resolve))
  }

  /** Up to when the market is known to REST. */
  knownUntil(now: EpochMicros, { symbol }: RestCall): EpochMicros {
    return (now - (this.#faults.inForce('rest-lag', symbol)?.by ?? 0)) as EpochMicros
  }

  /** What is different about a page of trades. */
  trades(usual: Pick<TradesOptions, 'sinceInclusive'>, { symbol }: RestCall): TradesOptions {
    const faults = this.#faults
    return {
      sinceInclusive: usual.sinceInclusive !== (faults.inForce('rest-since', symbol) !== undefined),
      withLast: faults.strikes('rest-no-last', symbol) === undefined,
      ids: faults.strikes('rest-no-ids', symbol) ? 'absent' : faults.strikes('rest-zero-ids', symbol) ? 'zero' : 'true',
      serves: (pair, trade) => unserved(faults, pair, trade) === undefined,
    }
  }

  #strikes(kind: FaultKind, { endpoint, symbol }: RestCall): Fault | undefined {
    const fault = this.#faults.inForce(kind, symbol)
    if (fault === undefined || (fault.endpoints.length > 0 && !fault.endpoints.includes(endpoint))) return undefined
    // A fault of certain symbols leaves alone the calls that name none.
    if (fault.symbols !== undefined && symbol === undefined) return undefined
    return this.#faults.strikes(kind, symbol)
  }
}

const RESULTS = { null: ',"result":null', empty: ',"result":{}', missing: '' } as const

function errorText(errors: readonly string[], result: Fault['result']): string {
  return `{"error":${JSON.stringify(errors)}${RESULTS[result]}}`
}

/** Until the end of the fault, in whole seconds. */
function throttledError({ to }: Fault): string[] {
  return [`EService: Throttled: ${Math.ceil(to / MICROS_PER_SECOND)}`]
}
