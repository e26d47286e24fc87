import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EpochMicros } from '@c1/market'
import type { Market } from '../market/market.ts'
import { answerText, type Parameters, RATE_LIMIT, Refusal, refusalText } from './answer.ts'
import { assetPairsAnswer } from './asset-pairs.ts'
import { ohlcAnswer } from './ohlc.ts'
import { systemStatusAnswer, timeAnswer } from './time.ts'
import { type TradesOptions, tradesAnswer } from './trades.ts'

export interface RestVenue extends TradesOptions {
  readonly market: Market
  readonly now: () => EpochMicros
  /** Whether one more call is within the limit. */
  readonly admit: () => boolean
}

const PUBLIC_PATH = '/0/public/'
/** Public calls carry a few short parameters. */
const MOST_FORM_BYTES = 64 * 1024

/** Serves `GET` and `POST /0/public/...`. Refusals are HTTP 200, as the venue's are. */
export async function serveRest(venue: RestVenue, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator')
  if (!url.pathname.startsWith(PUBLIC_PATH)) {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html><body>404 Not Found</body></html>')
    return
  }
  const body = await answer(venue, url, request)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
}

async function answer(venue: RestVenue, url: URL, request: IncomingMessage): Promise<string> {
  if (!venue.admit()) return refusalText(RATE_LIMIT)
  try {
    const parameters = request.method === 'POST' ? await readForm(request, url.searchParams) : url.searchParams
    return answerText(await result(venue, url.pathname.slice(PUBLIC_PATH.length), parameters))
  } catch (thrown) {
    if (thrown instanceof Refusal) return refusalText(thrown.message)
    throw thrown
  }
}

function result(venue: RestVenue, endpoint: string, parameters: Parameters): string | Promise<string> {
  const now = venue.now()
  switch (endpoint) {
    case 'Time':
      return timeAnswer(now)
    case 'SystemStatus':
      return systemStatusAnswer(now)
    case 'AssetPairs':
      return assetPairsAnswer(venue.market, parameters)
    case 'Trades':
      return tradesAnswer(venue.market, now, parameters, venue)
    case 'OHLC':
      return ohlcAnswer(venue.market, now, parameters)
    default:
      throw new Refusal('EGeneral:Unknown method')
  }
}

async function readForm(request: IncomingMessage, query: Parameters): Promise<Parameters> {
  let form = ''
  for await (const chunk of request) {
    form += String(chunk)
    if (form.length > MOST_FORM_BYTES) throw new Refusal('EGeneral:Invalid arguments')
  }
  return new URLSearchParams([...query, ...new URLSearchParams(form)])
}
