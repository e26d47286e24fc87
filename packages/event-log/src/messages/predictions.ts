import type { EpochMicros } from '@c1/market'
import { formatSpan } from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import { TOPICS } from '../topics.ts'
import { type Codec, Envelope } from './codec.ts'
import { numberText, Row, timeText } from './row.ts'

/** `predictions.v1`. A prediction's event time is its `asOf`. */
export function predictionsCodec(source: string): Codec<Prediction> {
  const envelope = new Envelope(TOPICS.predictions, source, ['prediction'])
  return {
    encode: (prediction) => envelope.wrap('prediction', prediction.symbol, prediction.asOf, predictionJson(prediction)),
    decode: (record) => {
      envelope.kindOf(record)
      return readPrediction(new Row(TOPICS.predictions, record))
    },
  }
}

/** `outcomes.v1`. An outcome's event time is the end of its horizon. */
export function outcomesCodec(source: string): Codec<Outcome> {
  const envelope = new Envelope(TOPICS.outcomes, source, ['outcome'])
  return {
    encode: (outcome) => {
      const eventTime = (outcome.asOf + outcome.horizon) as EpochMicros
      return envelope.wrap('outcome', outcome.symbol, eventTime, outcomeJson(outcome))
    },
    decode: (record) => {
      envelope.kindOf(record)
      return readOutcome(new Row(TOPICS.outcomes, record))
    },
  }
}

function predictionJson(prediction: Prediction): string {
  return (
    `{"symbol":${JSON.stringify(prediction.symbol)},"madeAt":"${timeText(prediction.madeAt)}",` +
    `"asOf":"${timeText(prediction.asOf)}","horizon":"${formatSpan(prediction.horizon)}",` +
    `"model":${JSON.stringify(prediction.model)},"version":${prediction.version},` +
    `"value":${numberText('value', prediction.value)},"lower":${numberText('lower', prediction.lower)},` +
    `"upper":${numberText('upper', prediction.upper)},"coverage":${numberText('coverage', prediction.coverage)},` +
    `"kind":${JSON.stringify(prediction.kind)},"late":${prediction.late},` +
    `"vectorDigest":${JSON.stringify(prediction.vectorDigest)},` +
    `"firstTradeId":${prediction.firstTradeId},"lastTradeId":${prediction.lastTradeId}}`
  )
}

function readPrediction(row: Row): Prediction {
  return {
    symbol: row.symbol(),
    madeAt: row.time('madeAt'),
    asOf: row.time('asOf'),
    horizon: row.span('horizon'),
    model: row.text('model'),
    version: row.count('version'),
    kind: row.text('kind'),
    value: row.number('value'),
    lower: row.number('lower'),
    upper: row.number('upper'),
    coverage: row.number('coverage'),
    late: row.boolean('late'),
    vectorDigest: row.text('vectorDigest'),
    firstTradeId: row.count('firstTradeId'),
    lastTradeId: row.count('lastTradeId'),
  }
}

function outcomeJson(outcome: Outcome): string {
  return (
    `{"symbol":${JSON.stringify(outcome.symbol)},"asOf":"${timeText(outcome.asOf)}",` +
    `"horizon":"${formatSpan(outcome.horizon)}","model":${JSON.stringify(outcome.model)},"version":${outcome.version},` +
    `"outcome":${numberText('outcome', outcome.outcome)},"error":${numberText('error', outcome.error)},` +
    `"covered":${outcome.covered},"coverage":${numberText('coverage', outcome.coverage)},"late":${outcome.late}}`
  )
}

function readOutcome(row: Row): Outcome {
  return {
    symbol: row.symbol(),
    asOf: row.time('asOf'),
    horizon: row.span('horizon'),
    model: row.text('model'),
    version: row.count('version'),
    outcome: row.number('outcome'),
    error: row.number('error'),
    covered: row.boolean('covered'),
    coverage: row.number('coverage'),
    late: row.boolean('late'),
  }
}
