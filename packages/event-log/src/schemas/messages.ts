import { TOPICS, type Topic } from '../topics.ts'

/**
 * What a field's JSON value looks like. `columns` is no field but the place where a feature row has a number, or null, for each
 * feature by its name.
 */
export type Form =
  | 'symbol'
  | 'text'
  | 'time'
  | 'decimal'
  | 'count'
  | 'number'
  | 'boolean'
  | 'span'
  | 'base64'
  | 'columns'

export interface Field {
  readonly name: string
  readonly form: Form
  readonly description: string
  /** The only texts that it may be. */
  readonly choices?: readonly string[]
  /** Always there, and null where there is nothing to say; or left out then. */
  readonly absence?: 'null' | 'left out'
}

/** One kind of message of a topic: its JSON object has these fields in this order. */
export interface MessageSchema {
  /** The header `c1-kind`. */
  readonly kind: string
  readonly title: string
  readonly description: string
  readonly fields: readonly Field[]
}

const symbol: Field = { name: 'symbol', form: 'symbol', description: "Kraken's v2 name. Equals the key." }
const firstTradeId: Field = { name: 'firstTradeId', form: 'count', description: 'First trade that it was made from.' }
const lastTradeId: Field = { name: 'lastTradeId', form: 'count', description: 'Last trade that it was made from.' }
const revision: Field = { name: 'revision', form: 'count', description: '0, and more for each correction.' }
const horizon: Field = { name: 'horizon', form: 'span', description: 'How far ahead it looks, like 1m.' }
const asOf: Field = { name: 'asOf', form: 'time', description: 'Close of the last candle that was used.' }
const model: Field = { name: 'model', form: 'text', description: 'Name of the model.' }
const version: Field = { name: 'version', form: 'count', description: 'Version of the model.' }
const coverage: Field = {
  name: 'coverage',
  form: 'number',
  description: 'Share of outcomes that the interval promises.',
}
const late: Field = { name: 'late', form: 'boolean', description: 'Made after the next candle had closed.' }

function time(name: string, description: string): Field {
  return { name, form: 'time', description }
}

function decimal(name: string, description: string): Field {
  return { name, form: 'decimal', description }
}

function number(name: string, description: string): Field {
  return { name, form: 'number', description }
}

/** Every message of every topic. What codecs write and read is tested against this, and published schemas are made from it. */
export const MESSAGE_SCHEMAS: Readonly<Record<Topic, readonly MessageSchema[]>> = {
  [TOPICS.trades]: [
    {
      kind: 'trade',
      title: 'Trade',
      description: 'One execution at the venue.',
      fields: [
        symbol,
        {
          name: 'tradeId',
          form: 'count',
          description: "The venue's number, dense per symbol; an ordinal in a file where header c1-ids names one.",
        },
        time('eventTime', "The venue's time."),
        decimal('price', "Quote currency per unit, with the venue's decimals."),
        decimal('quantity', "Base currency, with the venue's decimals."),
        {
          name: 'side',
          form: 'text',
          choices: ['buy', 'sell'],
          absence: 'null',
          description: "The taker's side; null where the source has none.",
        },
        {
          name: 'orderType',
          form: 'text',
          choices: ['market', 'limit'],
          absence: 'null',
          description: 'Null where the source has none.',
        },
      ],
    },
    {
      kind: 'heartbeat',
      title: 'Heartbeat',
      description: 'The feed lives: everything before eventTime is in the log.',
      fields: [
        symbol,
        time('eventTime', 'Up to when everything is known.'),
        { name: 'lastTradeId', form: 'count', description: 'Last trade before that.' },
      ],
    },
    {
      kind: 'outage',
      title: 'Outage',
      description: 'There was no feed, or the venue does not serve these ids.',
      fields: [
        symbol,
        time('from', 'Begin.'),
        time('to', 'End.'),
        {
          name: 'firstTradeId',
          form: 'count',
          absence: 'left out',
          description: 'First id that the venue does not serve; left out where there is none.',
        },
        {
          name: 'lastTradeId',
          form: 'count',
          absence: 'left out',
          description: 'Last of those ids.',
        },
      ],
    },
  ],
  [TOPICS.candles]: [
    {
      kind: 'candle',
      title: 'Candle',
      description: 'Trades of openTime <= time < closeTime.',
      fields: [
        symbol,
        {
          name: 'interval',
          form: 'text',
          choices: ['1m', '5m', '15m', '30m', '1h', '4h', '12h', '1d'],
          description: 'Its length.',
        },
        time('openTime', 'First instant of the window.'),
        time('closeTime', 'First instant after it.'),
        decimal('open', 'First price.'),
        decimal('high', 'Highest price.'),
        decimal('low', 'Lowest price.'),
        decimal('close', 'Last price.'),
        decimal('volume', 'Sum of quantities.'),
        decimal('vwap', 'Price weighted by quantity.'),
        { name: 'tradeCount', form: 'count', description: 'How many trades.' },
        {
          name: 'buyVolume',
          form: 'decimal',
          absence: 'null',
          description: 'Volume that takers bought; null where sides are unknown.',
        },
        firstTradeId,
        lastTradeId,
        revision,
        { name: 'state', form: 'text', choices: ['provisional', 'final'], description: 'Final on this topic.' },
        {
          name: 'complete',
          form: 'boolean',
          absence: 'null',
          description: 'Whether it is proven that no trade is missing; null where ids are unknown.',
        },
      ],
    },
    {
      kind: 'heartbeat',
      title: 'Heartbeat',
      description: 'A one-minute window closed without a trade.',
      fields: [
        symbol,
        { name: 'interval', form: 'text', choices: ['1m'], description: 'Of the window.' },
        time('eventTime', 'When the window closed.'),
      ],
    },
  ],
  [TOPICS.features]: [
    {
      kind: 'features',
      title: 'Features',
      description: 'A feature row of the group that header c1-group names.',
      fields: [
        symbol,
        time('eventTime', 'Close of the candle.'),
        time('availableAt', 'When it could first be read.'),
        revision,
        { name: '', form: 'columns', description: 'A feature; null for a value that is not a number.' },
        firstTradeId,
        lastTradeId,
      ],
    },
    {
      kind: 'heartbeat',
      title: 'Heartbeat',
      description: 'A candle or an empty window gave no row.',
      fields: [symbol, time('eventTime', 'When it closed.')],
    },
  ],
  [TOPICS.predictions]: [
    {
      kind: 'prediction',
      title: 'Prediction',
      description: "A model's forecast of the log return over the horizon.",
      fields: [
        symbol,
        time('madeAt', "When it was made, by the market's clock."),
        asOf,
        horizon,
        model,
        version,
        number('value', 'Forecast.'),
        number('lower', 'Lower end of the interval.'),
        number('upper', 'Upper end of the interval.'),
        coverage,
        { name: 'kind', form: 'text', description: 'Kind of model.' },
        late,
        { name: 'vectorDigest', form: 'text', description: 'Of the feature vector that was used.' },
        firstTradeId,
        lastTradeId,
      ],
    },
  ],
  [TOPICS.outcomes]: [
    {
      kind: 'outcome',
      title: 'Outcome',
      description: 'What came of a prediction.',
      fields: [
        symbol,
        asOf,
        horizon,
        model,
        version,
        number('outcome', 'What happened.'),
        number('error', 'Predicted minus actual.'),
        { name: 'covered', form: 'boolean', description: 'Whether the interval held it.' },
        coverage,
        late,
      ],
    },
  ],
  [TOPICS.deadLetters]: [
    {
      kind: 'dead-letter',
      title: 'DeadLetter',
      description: 'Something from outside that could not be read. Keyed by origin.',
      fields: [
        { name: 'origin', form: 'text', description: 'Where it came from.' },
        { name: 'code', form: 'text', description: 'The error, for programs.' },
        { name: 'reason', form: 'text', description: 'The error, for people.' },
        { name: 'raw', form: 'base64', description: 'What came, at most 64 KiB.' },
      ],
    },
  ],
}
