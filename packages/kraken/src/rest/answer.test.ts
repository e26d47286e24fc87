import { C1Error, UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { recorded } from '../test-support/recorded.ts'
import { NumberText } from '../wire/exact-json.ts'
import { apiError, readAnswer } from './answer.ts'

const failure = (status: number, body: string): C1Error => {
  try {
    readAnswer(status, body)
  } catch (thrown) {
    if (thrown instanceof C1Error) return thrown
  }
  throw new Error('The answer was accepted.')
}

describe('an answer', () => {
  it('gives its result, with a warning beside it too', () => {
    expect(readAnswer(200, '{"error":[],"result":{"unixtime":1762820224}}')).toEqual({
      unixtime: new NumberText('1762820224'),
    })
    expect(readAnswer(200, '{"error":["WGeneral:Danger"],"result":{}}')).toEqual({})
  })

  it('with an unknown pair is a mistake of the request, as the live venue answered', () => {
    const error = failure(200, recorded('rest_error_unknown_pair'))
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ code: 'kraken_pair_unknown', retryable: false })
  })

  it.each([
    [429, '<html>', 'kraken_rate_limited', true],
    [520, '<html>', 'kraken_unavailable', true],
    [503, '', 'kraken_unavailable', true],
    [403, '<html>', 'kraken_refused', false],
    [404, 'Not found', 'kraken_refused', false],
    [500, '{"error":[],"result":{"XXBTZUSD":[]}}', 'kraken_unavailable', true],
    [502, '<html>Bad gateway</html>', 'kraken_unavailable', true],
    [408, '', 'kraken_unavailable', true],
    [200, '', 'kraken_answer_malformed', true],
    [200, 'null', 'kraken_answer_malformed', true],
    [200, '{"error":"EService:Busy","result":{}}', 'kraken_answer_malformed', true],
    [200, '{"error":[]}', 'kraken_answer_malformed', true],
    [200, '{"error":["WGeneral:Danger"],"result":null}', 'kraken_answer_malformed', true],
    [200, '{"error":["WGeneral:Danger","EService:Busy"],"result":{}}', 'kraken_unavailable', true],
    [200, '{"error":["EService:Busy"],"result":{"XXBTZUSD":[]}}', 'kraken_unavailable', true],
    [200, '<!DOCTYPE html>', 'kraken_answer_malformed', true],
    [200, '{"error":[],"result":{"XXBTZUSD":[["839', 'kraken_answer_malformed', true],
    [200, '{"error":[],"result":null}', 'kraken_answer_malformed', true],
    [200, '[]', 'kraken_answer_malformed', true],
    [200, '{"result":{}}', 'kraken_answer_malformed', true],
  ])('of HTTP %i with %s is %s', (status, body, code, retryable) => {
    expect(failure(status, body)).toMatchObject({ code, retryable })
  })
})

it.each([
  ['EQuery:Unknown asset pair', 'kraken_pair_unknown', false],
  ['EQuery:Invalid asset pair', 'kraken_pair_unknown', false],
  ['EGeneral:Invalid arguments:since', 'kraken_request_invalid', false],
  ['EGeneral:Unknown method', 'kraken_request_invalid', false],
  ['EGeneral:Too many requests', 'kraken_rate_limited', true],
  ['EAPI:Rate limit exceeded', 'kraken_rate_limited', true],
  ['EGeneral:Temporary lockout', 'kraken_rate_limited', true],
  ['EService: Throttled: 1790358490', 'kraken_throttled', true],
  ['EService:Throttled:1790358490', 'kraken_throttled', true],
  ['EService:Unavailable', 'kraken_unavailable', true],
  ['EService:Busy', 'kraken_unavailable', true],
  ['EService:Deadline elapsed', 'kraken_unavailable', true],
  ['EGeneral:Internal error:7', 'kraken_unavailable', true],
])('%s is %s', (text, code, retryable) => {
  const error = apiError(text)
  expect(error).toMatchObject({ code, retryable })
  expect(error.message).toContain(text)
})

it('a throttled call knows when it may be made', () => {
  expect(apiError('EService: Throttled: 1790358490').details.untilSeconds).toBe(1_790_358_490)
})

it('errors that are no texts are refusals too, whatever they hold', () => {
  expect(() => readAnswer(200, '{"error":[{"toString":1}]}')).toThrow(
    'Kraken cannot serve the call at present ({"toString":1}).',
  )
})
