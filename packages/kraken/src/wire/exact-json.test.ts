import fc from 'fast-check'
import { expect, it } from 'vitest'
import { asRecord, NumberText, parseExact, writeExact } from './exact-json.ts'

it('numbers keep their digits: trailing zeros, exponents and ids beyond 2^53', () => {
  const text = '{"qty":0.00044780,"step":1E-8,"connection_id":18125794168470749634,"list":[-1.50,true,null,"7.0"]}'
  expect(asRecord(parseExact(text))?.qty).toEqual(new NumberText('0.00044780'))
  expect(writeExact(parseExact(text))).toBe(text)
})

it('any JSON text comes out as it went in', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const plain = JSON.stringify(JSON.parse(text))
      expect(writeExact(parseExact(plain))).toBe(plain)
    }),
  )
})

it('only plain objects are records', () => {
  for (const value of [null, [], 'text', new NumberText('1'), undefined]) expect(asRecord(value)).toBeUndefined()
})
