import { describe, expect, it } from 'vitest'
import { C1Error, InvariantError, MalformedError, UsageError } from './errors.ts'

describe('C1Error', () => {
  it.each([C1Error, InvariantError, MalformedError, UsageError])(
    '%o carries its class name, code and message',
    (Kind) => {
      const error = new Kind('thing_broken', 'The thing is broken. Mend it.')
      expect(error).toBeInstanceOf(C1Error)
      expect(error).toMatchObject({ name: Kind.name, code: 'thing_broken', message: 'The thing is broken. Mend it.' })
      expect(String(error)).toBe(`${Kind.name}: The thing is broken. Mend it.`)
    },
  )

  it('holds no details, is not worth retrying and has no cause unless told', () => {
    const error = new C1Error('thing_broken', 'Broken.')
    expect(error).toMatchObject({ details: {}, retryable: false })
    expect('cause' in error).toBe(false)
  })

  it('keeps details, retryability and cause', () => {
    const cause = new Error('disk')
    const error = new C1Error('thing_broken', 'Broken.', { details: { bytes: 5 }, retryable: true, cause })
    expect(error).toMatchObject({ details: { bytes: 5 }, retryable: true, cause })
  })
})
