import { type EpochMicros, marketSymbol } from '@c1/market'
import { Fields } from './fields.ts'
import type { CandidateScore, ModelCard, ModelVersion } from './model-version.ts'

/**
 * A model version out of JSON, every field checked but `model`, which its kind reads. Unknown fields are left out.
 *
 * @throws MalformedError `model_malformed`, naming the field
 */
export function readModelVersion(json: unknown): ModelVersion {
  const version = new Fields(json, 'version')
  return {
    name: version.text('name'),
    version: version.integer('version'),
    cutOff: version.integer('cutOff') as EpochMicros,
    effectiveFrom: version.integer('effectiveFrom') as EpochMicros,
    kind: version.text('kind'),
    model: version.any('model'),
    errorLower: version.number('errorLower'),
    errorUpper: version.number('errorUpper'),
    coverage: version.number('coverage'),
    card: readCard(version.object('card')),
  }
}

function readCard(card: Fields): ModelCard {
  return {
    symbol: marketSymbol(card.text('symbol')),
    interval: card.text('interval'),
    horizon: card.integer('horizon'),
    features: card.texts('features'),
    firstEventTime: card.integer('firstEventTime') as EpochMicros,
    lastEventTime: card.integer('lastEventTime') as EpochMicros,
    rowCount: card.integer('rowCount'),
    dataDigest: card.text('dataDigest'),
    folds: card.integer('folds'),
    purge: card.integer('purge'),
    embargo: card.integer('embargo'),
    unscored: card.integer('unscored'),
    scores: card.list('scores', readScore),
    champion: card.text('champion'),
    reason: card.text('reason'),
    codeVersion: card.text('codeVersion'),
    source: card.text('source'),
  }
}

function readScore(score: Fields): CandidateScore {
  return {
    kind: score.text('kind'),
    baseline: score.boolean('baseline'),
    count: score.integer('count'),
    mse: score.number('mse'),
    mae: score.number('mae'),
    skill: score.number('skill'),
    skillStandardError: score.number('skillStandardError'),
    mseDifference: score.number('mseDifference'),
    mseDifferenceStandardError: score.number('mseDifferenceStandardError'),
    tStatistic: score.number('tStatistic'),
  }
}
