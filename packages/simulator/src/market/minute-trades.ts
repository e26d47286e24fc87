import type { EpochMicros, OrderType, Side } from '@c1/market'
import type { RandomStream } from './random.ts'
import type { VenueTrade } from './tape.ts'

/** What a minute's trades must add up to. */
export interface MinutePlan {
  readonly startTime: EpochMicros
  readonly firstId: number
  readonly tradeCount: number
  /** Log mid price at the minute's start and end. */
  readonly startLevel: number
  readonly endLevel: number
  /** The part of the way from start to end that the signal makes, log return; 0 in a `noise` market. */
  readonly drift: number
  /** Variance of the rest of the way. */
  readonly noiseVariance: number
  readonly imbalance: number
}

/** How prices and quantities are counted, and how large orders are. */
export interface OrderTerms {
  /** Price units per quote currency unit: `10^priceDecimals`. */
  readonly priceScale: number
  readonly quantityScale: number
  readonly medianNotional: number
}

/** Half of the distance between bid and ask, as a log return: 0.2 basis points. */
const HALF_SPREAD = 0.2e-4
/** How far each further fill of one taker order moves along the book, as a log return. */
const FILL_IMPACT = 0.03e-4

const NANOS_PER_MINUTE = 60e9
/** The drift is over by then, so that the last trade of nearly every minute has all of it. */
const DRIFT_NANOS = 30e9
/** Mean time in which one taker order sets off another, nanoseconds. */
const REACTION_NANOS = 0.4e9
const SHARE_OF_REACTIONS = 0.45
const CHANCE_OF_ANOTHER_FILL = 0.35
const SHARE_OF_MARKET_ORDERS = 0.45
/** Standard deviation of the log of an order's value. */
const NOTIONAL_SPREAD = 1.5

/** A taker order and the resting orders it met: its fills are trades of one instant. */
interface TakerOrder {
  /** Nanoseconds from the start of the minute. */
  readonly offset: number
  readonly side: Side
  readonly orderType: OrderType
  /** Base currency, before the minute's imbalance is set. */
  readonly fills: number[]
}

/**
 * The trades of one minute, ascending in time. The mid price runs between the minute's two levels: the drift evenly in
 * the first half-minute, the rest as a Brownian bridge. Takers who buy pay half a spread above it. Quantities are scaled so that the taker imbalance of the minute is the
 * planned one (to the rounding of quantities) when it has two orders or more, which it has from two trades on.
 */
export function drawMinute(random: RandomStream, plan: MinutePlan, terms: OrderTerms): VenueTrade[] {
  const orders = drawOrders(random, plan, terms)
  const [buyScale, sellScale] = imbalanceScales(orders, plan.imbalance)
  const trades: VenueTrade[] = []
  let level = plan.startLevel
  let passed = 0
  for (const { offset, side, orderType, fills } of orders) {
    level = bridgeStep(random, level, plan, passed, offset)
    passed = offset
    const drifted = plan.drift * Math.min(1, offset / DRIFT_NANOS)
    const direction = side === 'buy' ? 1 : -1
    const quantityScale = terms.quantityScale * (side === 'buy' ? buyScale : sellScale)
    fills.forEach((quantity, fill) => {
      const price = Math.exp(level + drifted + direction * (HALF_SPREAD + fill * FILL_IMPACT))
      trades.push({
        tradeId: plan.firstId + trades.length,
        time: (plan.startTime + Math.floor(offset / 1000)) as EpochMicros,
        nanos: offset % 1000,
        priceUnits: Math.max(1, Math.round(price * terms.priceScale)),
        quantityUnits: Math.max(1, Math.round(quantity * quantityScale)),
        side,
        orderType,
      })
    })
  }
  return trades
}

function drawOrders(random: RandomStream, plan: MinutePlan, terms: OrderTerms): TakerOrder[] {
  const fillCounts = drawFillCounts(random, plan.tradeCount)
  const offsets = drawOffsets(random, fillCounts.length)
  const sides = drawSides(random, fillCounts.length, plan.imbalance)
  const medianQuantity = terms.medianNotional / Math.exp(plan.startLevel)
  return fillCounts.map((count, index) => ({
    offset: offsets[index] as number,
    side: sides[index] as Side,
    orderType: random.uniform() < SHARE_OF_MARKET_ORDERS ? 'market' : 'limit',
    fills: drawFills(random, count, medianQuantity),
  }))
}

/** Splits a number of trades into taker orders, at least two when there are two trades. */
function drawFillCounts(random: RandomStream, tradeCount: number): number[] {
  const counts: number[] = []
  let left = tradeCount
  while (left > 0) {
    const most = counts.length === 0 && tradeCount > 1 ? left - 1 : left
    let count = 1
    while (count < most && random.uniform() < CHANCE_OF_ANOTHER_FILL) count += 1
    counts.push(count)
    left -= count
  }
  return counts
}

/** Arrival times inside the minute, ascending: an order comes by itself or soon after, and because of, another one. */
function drawOffsets(random: RandomStream, count: number): number[] {
  const offsets: number[] = []
  for (let order = 0; order < count; order += 1) {
    const alone = Math.floor(random.uniform() * NANOS_PER_MINUTE)
    const cause = offsets[Math.floor(random.uniform() * order)]
    const reacts = cause !== undefined && random.uniform() < SHARE_OF_REACTIONS
    const reaction = reacts ? cause + Math.floor(REACTION_NANOS * random.exponential()) : alone
    offsets.push(reaction < NANOS_PER_MINUTE ? reaction : alone)
  }
  return offsets.sort((a, b) => a - b)
}

/** Sides with both present from two orders on, so that any imbalance can be reached by scaling quantities. */
function drawSides(random: RandomStream, count: number, imbalance: number): Side[] {
  if (count === 1) return [imbalance > 0 ? 'buy' : 'sell']
  const sides = Array.from({ length: count }, (): Side => (random.uniform() < (1 + imbalance) / 2 ? 'buy' : 'sell'))
  const odd = Math.floor(random.uniform() * count)
  if (sides.every((side) => side === sides[0])) sides[odd] = sides[0] === 'buy' ? 'sell' : 'buy'
  return sides
}

function drawFills(random: RandomStream, count: number, medianQuantity: number): number[] {
  const quantity = medianQuantity * Math.exp(NOTIONAL_SPREAD * random.normal())
  if (count === 1) return [quantity]
  const parts = Array.from({ length: count }, () => random.exponential())
  const whole = parts.reduce((sum, part) => sum + part, 0)
  return parts.map((part) => (quantity * part) / whole)
}

/** Factors for bought and sold quantities that leave the volume and make `(buy - sell) / volume` the imbalance. */
function imbalanceScales(orders: readonly TakerOrder[], imbalance: number): [buy: number, sell: number] {
  const volume = { buy: 0, sell: 0 }
  for (const { side, fills } of orders) for (const quantity of fills) volume[side] += quantity
  if (volume.buy === 0 || volume.sell === 0) return [1, 1]
  const total = volume.buy + volume.sell
  return [((1 + imbalance) * total) / (2 * volume.buy), ((1 - imbalance) * total) / (2 * volume.sell)]
}

/** One step of a Brownian bridge from `level` at `from` to the minute's end level without the drift. */
function bridgeStep(random: RandomStream, level: number, plan: MinutePlan, from: number, to: number): number {
  const left = NANOS_PER_MINUTE - from
  const step = (to - from) / left
  const variance = plan.noiseVariance * ((NANOS_PER_MINUTE - to) / NANOS_PER_MINUTE) * step
  return level + step * (plan.endLevel - plan.drift - level) + Math.sqrt(variance) * random.normal()
}
