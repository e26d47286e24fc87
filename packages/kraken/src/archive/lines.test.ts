import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineSplitter } from './lines.ts'

function split(chunks: readonly Buffer[]): string[] {
  const splitter = new LineSplitter('a.csv')
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

it('lines are the same wherever the bytes are cut, with LF or CR LF, with or without a last line end', () => {
  const line = fc.stringMatching(/^[0-9,.]{0,12}$/)
  fc.assert(
    fc.property(
      fc.array(line),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.array(fc.nat(60)),
      (lines, end, ended, cuts) => {
        const bytes = Buffer.from(lines.join(end) + (ended ? end : ''))
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
        const chunks = at.slice(1).map((cut, index) => bytes.subarray(at[index], cut))
        const expected = bytes.toString().split(/\r?\n/)
        expect(split(chunks)).toEqual(expected.at(-1) === '' ? expected.slice(0, -1) : expected)
      },
    ),
  )
})

it('a line without an end is not gathered for ever', () => {
  expect(() => split([Buffer.alloc(40_000, '1'), Buffer.alloc(40_000, '1')])).toThrow('a.csv holds a line longer than')
})
