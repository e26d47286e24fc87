import { type DayPlan, MINUTES_PER_DAY } from './days.ts'
import { type MarketKey, PURPOSE, RandomStream } from './random.ts'
import { IMBALANCE_BOUND, type MarketKind, SIGNAL_R_SQUARED, signalBeta } from './signal.ts'

/** What is fixed about each minute of a day before its trades are drawn. Arrays are indexed by the minute of the day. */
export interface MinutePlans {
  /** Id of the first trade at or after the minute's start; one element more than minutes: the next day's first id. */
  readonly firstIds: Float64Array
  /** Log mid price at the minute's start; one element more than minutes: the day's end. */
  readonly levels: Float64Array
  /** The part of the minute's log return that the signal makes. */
  readonly drifts: Float64Array
  /** Variance of the log return inside the minute that the signal does not explain. */
  readonly noiseVariances: Float64Array
  /** The taker imbalance that the minute's trades will have. */
  readonly imbalances: Float64Array
}

/** A day's minutes, a pure function of its plan and the market's key. */
export function planMinutes(key: MarketKey, kind: MarketKind, plan: DayPlan, unevenness: number): MinutePlans {
  const random = new RandomStream(key, PURPOSE.minute, plan.day)
  const activity = new Float64Array(MINUTES_PER_DAY)
  const turbulence = new Float64Array(MINUTES_PER_DAY)
  const shocks = new Float64Array(MINUTES_PER_DAY)
  let excitement = 0
  for (let minute = 0; minute < MINUTES_PER_DAY; minute += 1) {
    excitement = excite(excitement, random)
    const intensity = intradayCurve(minute) * (1 + excitement) * Math.exp(slowIntensity(key, plan.day, minute))
    activity[minute] = intensity * Math.exp(unevenness * random.normal())
    turbulence[minute] = intensity
    shocks[minute] = random.normal()
  }
  const imbalances = Float64Array.from(activity, (_, minute) => imbalance(key, plan.day, minute))
  const signalShare = kind === 'signal' ? SIGNAL_R_SQUARED : 0
  const beta = kind === 'signal' ? signalBeta(plan.minuteVolatility) : 0
  const before = imbalance(key, plan.day - 1, MINUTES_PER_DAY - 1)
  const drifts = imbalances.map((_, minute) => beta * (imbalances[minute - 1] ?? before))
  const noiseVariances = scaleToSum(turbulence, (1 - signalShare) * MINUTES_PER_DAY * plan.minuteVolatility ** 2)
  const returns = drifts.map((drift, minute) => drift + at(shocks, minute) * Math.sqrt(at(noiseVariances, minute)))
  const variances = noiseVariances.map((variance) => variance + signalShare * plan.minuteVolatility ** 2)
  return {
    firstIds: placeTrades(plan, activity),
    levels: bridge(plan, returns, variances),
    drifts,
    noiseVariances,
    imbalances,
  }
}

/**
 * Joins the day's two fixed levels with the free path of `returns`, by giving each minute its share of the variance of
 * what the path misses. Since the day's change is itself normal with the day's variance, the joined path of a `noise`
 * market is again a Brownian motion with these variances: no part of it tells of a later one.
 */
function bridge(plan: DayPlan, returns: Float64Array, variances: Float64Array): Float64Array {
  const missed = plan.endLevel - plan.startLevel - sum(returns)
  const dayVariance = sum(variances)
  const levels = new Float64Array(MINUTES_PER_DAY + 1)
  let level = plan.startLevel
  for (let minute = 0; minute < MINUTES_PER_DAY; minute += 1) {
    levels[minute] = level
    level += at(returns, minute) + (at(variances, minute) / dayVariance) * missed
  }
  // The sum of the steps differs from the plan by float rounding; the next day starts from the plan.
  levels[MINUTES_PER_DAY] = plan.endLevel
  return levels
}

/** Deals the day's trades to its minutes in proportion to their activity; ids stay dense over minutes and days. */
function placeTrades(plan: DayPlan, activity: Float64Array): Float64Array {
  const total = sum(activity)
  const firstIds = new Float64Array(MINUTES_PER_DAY + 1)
  let passed = 0
  for (let minute = 0; minute < MINUTES_PER_DAY; minute += 1) {
    firstIds[minute] = plan.firstId + Math.round((plan.tradeCount * passed) / total)
    passed += at(activity, minute)
  }
  firstIds[MINUTES_PER_DAY] = plan.firstId + plan.tradeCount
  return firstIds
}

/** Busiest at 15:00 UTC, quietest twelve hours later. */
function intradayCurve(minute: number): number {
  return 1 + 0.5 * Math.cos((2 * Math.PI * (minute - 15 * 60)) / MINUTES_PER_DAY)
}

/** Bursts: about one minute in a hundred sets off activity that fades over the next minutes. */
function excite(excitement: number, random: RandomStream): number {
  const fading = 0.6 * excitement
  return random.uniform() < 0.01 ? fading + 2 * random.exponential() : fading
}

/** Slow swings of log intensity over hours, half-hours and minutes, continuous across midnight. */
function slowIntensity(key: MarketKey, day: number, minute: number): number {
  const absolute = day * MINUTES_PER_DAY + minute
  return 0.35 * swing(key, absolute, 240) + 0.3 * swing(key, absolute, 45) + 0.25 * swing(key, absolute, 9)
}

/** Smooth noise: a normal number at every multiple of `period`, cosine-blended between. */
function swing(key: MarketKey, minute: number, period: number): number {
  const knot = Math.floor(minute / period)
  const blend = (1 - Math.cos((Math.PI * (minute - knot * period)) / period)) / 2
  return (1 - blend) * knotHeight(key, knot, period) + blend * knotHeight(key, knot + 1, period)
}

function knotHeight(key: MarketKey, knot: number, period: number): number {
  // Knots of different periods need addresses of their own: periods are below 1000 minutes.
  return new RandomStream(key, PURPOSE.intensity, knot * 1000 + period).normal()
}

function imbalance(key: MarketKey, day: number, minute: number): number {
  const random = new RandomStream(key, PURPOSE.imbalance, day * MINUTES_PER_DAY + minute)
  return IMBALANCE_BOUND * (2 * random.uniform() - 1)
}

function at(values: Float64Array, index: number): number {
  return values[index] as number
}

function scaleToSum(values: Float64Array, total: number): Float64Array {
  const scale = total / sum(values)
  return values.map((value) => value * scale)
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
