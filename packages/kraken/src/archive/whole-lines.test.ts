import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WholeLines } from './whole-lines.ts'

function join(chunks: readonly Buffer[]): string {
  const lines = new WholeLines('a.csv')
  const given = chunks.map((chunk) => Buffer.from(lines.push(chunk)).toString())
  expect(given.every((text) => text === '' || text.endsWith('\n'))).toBe(true)
  return given.join('') + Buffer.from(lines.end()).toString()
}

it('all bytes are given, in whole lines, wherever they are cut; a last line without a line feed gets one', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9,\r\n]{0,60}$/), fc.array(fc.nat(60)), (text, cuts) => {
      const bytes = Buffer.from(text)
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((cut, index) => bytes.subarray(at[index], cut))
      expect(join(chunks)).toEqual(text === '' || text.endsWith('\n') ? text : `${text}\n`)
    }),
  )
})

it('a line without an end is not gathered for ever', () => {
  expect(() => join([Buffer.alloc(40_000, '1'), Buffer.alloc(40_000, '1')])).toThrow('a.csv holds a line longer than')
})
