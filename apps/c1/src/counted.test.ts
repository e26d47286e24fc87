import { expect, it } from 'vitest'
import { counted, rejectedText } from './counted.ts'

it('a count has its noun in the singular only where it is one', () => {
  expect([0, 1, 2, 1200].map((count) => counted(count, 'trade'))).toEqual([
    '0 trades',
    '1 trade',
    '2 trades',
    '1,200 trades',
  ])
})

it('rows that could not be read are told where there are some', () => {
  expect([0, 1, 2].map(rejectedText)).toEqual([
    '',
    ', 1 unreadable row kept as a dead letter',
    ', 2 unreadable rows kept as dead letters',
  ])
})
