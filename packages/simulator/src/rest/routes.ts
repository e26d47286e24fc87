import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EpochMicros } from '@c1/market'
import { html, json, type RestAnswer, type RestCall, type RestFaults } from '../faults/rest-faults.ts'
import type { Market } from '../market/market.ts'
import { findPair } from '../market/pairs.ts'
import { answerText, type Parameters, RATE_LIMIT, Refusal, refusalText } from './answer.ts'
import { assetPairsAnswer } from './asset-pairs.ts'
import { ohlcAnswer } from './ohlc.ts'
import { systemStatusAnswer, timeAnswer } from './time.ts'
import { type TradesOptions, tradesAnswer } from './trades.ts'

export interface RestVenue extends Pick<TradesOptions, 'sinceInclusive'> {
  readonly market: Market
  readonly now: () => EpochMicros
  /** Whether one more call is within the limit. */
  readonly admit: () => boolean
  /** State of the matching engine: `online`, or why no trade happens. */
  readonly system: () => string
  readonly faults: RestFaults
}

const PUBLIC_PATH = '/0/public/'
/** Public calls carry a few short parameters. */
const MOST_FORM_BYTES = 64 * 1024

/** Serves `GET` and `POST /0/public/...`. Refusals are HTTP 200, as the venue's are. */
export async function serveRest(venue: RestVenue, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator')
  const parameters = request.method === 'POST' ? await readForm(request, url.searchParams) : url.searchParams
  const answer = await answerCall(venue, url.pathname, parameters)
  if (answer === 'hang-up') request.socket.destroy()
  else send(response, answer)
}

/**
 * The answer to a call, `hang-up` where the line is cut instead.
 *
 * @param parameters `undefined` for a form that cannot be read
 */
export async function answerCall(
  venue: RestVenue,
  path: string,
  parameters: Parameters | undefined,
): Promise<RestAnswer | 'hang-up'> {
  if (!path.startsWith(PUBLIC_PATH)) return html(404)
  if (parameters === undefined) return json(refusalText('EGeneral:Invalid arguments'))
  const call = {
    endpoint: path.slice(PUBLIC_PATH.length),
    symbol: findPair(venue.market.pairs, parameters.get('pair') ?? '')?.pair.symbol,
  }
  if (venue.faults.hangsUp(call)) return 'hang-up'
  const answer = venue.faults.instead(call) ?? json(await answerTo(venue, call, parameters))
  await venue.faults.delay(call)
  return venue.faults.cut(call, answer)
}

function send(response: ServerResponse, { status, contentType, body }: RestAnswer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body)
}

async function answerTo(venue: RestVenue, call: RestCall, parameters: Parameters): Promise<string> {
  if (!venue.admit()) return refusalText(RATE_LIMIT)
  try {
    return answerText(await result(venue, call, parameters))
  } catch (thrown) {
    if (thrown instanceof Refusal) return refusalText(thrown.message)
    throw thrown
  }
}

function result(venue: RestVenue, call: RestCall, parameters: Parameters): string | Promise<string> {
  const { faults, market } = venue
  const now = venue.now()
  switch (call.endpoint) {
    case 'Time':
      return timeAnswer(now)
    case 'SystemStatus':
      return systemStatusAnswer(now, venue.system())
    case 'AssetPairs':
      return assetPairsAnswer(market, parameters)
    case 'Trades':
      return tradesAnswer(market, faults.knownUntil(now, call), parameters, faults.trades(venue, call))
    case 'OHLC':
      return ohlcAnswer(market, faults.knownUntil(now, call), parameters)
    default:
      throw new Refusal('EGeneral:Unknown method')
  }
}

/** The parameters of query and form; `undefined` when the form is too long to be one. */
async function readForm(request: IncomingMessage, query: Parameters): Promise<Parameters | undefined> {
  let form = ''
  for await (const chunk of request) {
    form += String(chunk)
    if (form.length > MOST_FORM_BYTES) return undefined
  }
  return new URLSearchParams([...query, ...new URLSearchParams(form)])
}
