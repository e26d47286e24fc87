import { type EpochMicros, MalformedError, parseTime } from '@c1/market'
import type { VenueStatus } from '../venue-status.ts'
import { asRecord, NumberText, parseExact } from '../wire/exact-json.ts'
import { readText } from '../wire/fields.ts'
import type { TradeFrame, TradeFrames } from './trade-frames.ts'

/** An answer to a subscribe request. Kraken sends one for each symbol, and names symbol and request in some of them only. */
export interface SubscribeAnswer {
  readonly requestId: number | undefined
  readonly symbol: string | undefined
  /** Absent in a success. */
  readonly error: string | undefined
}

/** `venueTime` of an answer is the venue's clock when it was sent, where it says so. */
export type Frame =
  | { readonly kind: 'trades'; readonly frame: TradeFrame }
  | { readonly kind: 'status'; readonly status: VenueStatus }
  | { readonly kind: 'pong'; readonly venueTime: EpochMicros | undefined }
  | { readonly kind: 'answer'; readonly answer: SubscribeAnswer; readonly venueTime: EpochMicros | undefined }
  /** A heartbeat, or something that was not asked for and carries nothing needed. */
  | { readonly kind: 'sign-of-life' }

/** Reads a text frame of Kraken's WebSocket v2. @throws MalformedError when it is none */
export function readFrame(text: string, trades: TradeFrames): Frame {
  const spelled = trades.readSpelled(text)
  if (spelled !== undefined) return { kind: 'trades', frame: spelled }
  const message = asRecord(parse(text))
  if (message === undefined) throw new MalformedError('frame_malformed', 'A frame is a JSON object.')
  // An answer may name the channel that it is about.
  if (message.method !== undefined || message.success !== undefined) return readAnswer(message)
  if (message.channel === 'trade') return { kind: 'trades', frame: trades.readParsed(message) }
  if (message.channel === 'status') return { kind: 'status', status: readStatus(message) }
  if (message.channel !== undefined) return { kind: 'sign-of-life' }
  return readAnswer(message)
}

function parse(text: string): unknown {
  try {
    return parseExact(text)
  } catch (cause) {
    throw new MalformedError('frame_malformed', 'A frame is one JSON text; this one cannot be parsed.', { cause })
  }
}

function readStatus({ data }: Readonly<Record<string, unknown>>): VenueStatus {
  const system = readText('system', asRecord(Array.isArray(data) ? data[0] : data)?.system)
  return { system, online: system.toLowerCase() === 'online' }
}

function readAnswer(message: Readonly<Record<string, unknown>>): Frame {
  const { method, success, time_out } = message
  // The refusal of too many requests is documented with a capital E.
  const error = text(message.error) ?? text(message.Error)
  const venueTime = typeof time_out === 'string' ? parseTime(time_out) : undefined
  if (method === 'pong') return { kind: 'pong', venueTime }
  if (method !== 'subscribe' && error === undefined) {
    if (method !== undefined) return { kind: 'sign-of-life' }
    throw new MalformedError('frame_malformed', 'A frame names its channel or its method.')
  }
  const isSuccess = error === undefined && success === true
  return {
    kind: 'answer',
    answer: {
      requestId: requestIdOf(message.req_id),
      symbol: text(asRecord(message.result)?.symbol) ?? text(message.symbol),
      error: isSuccess ? undefined : (error ?? 'refused without a reason'),
    },
    venueTime,
  }
}

function requestIdOf(value: unknown): number | undefined {
  const digits = value instanceof NumberText ? value.text : value
  return typeof digits === 'string' && /^\d+$/.test(digits) ? Number(digits) : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
