/**
 * Every error that C1 raises on purpose.
 *
 * `code` is stable and may be matched on; `details` holds the facts; `retryable` says whether the same call may succeed
 * later. The message names the offending value and what to do about it, and is fit to be shown to a user as it is.
 */
export class C1Error extends Error {
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly retryable: boolean

  constructor(
    code: `${string}_${string}`,
    message: string,
    options: { details?: Readonly<Record<string, unknown>>; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.details = options.details ?? {}
    this.retryable = options.retryable ?? false
  }
}

/** A wrong flag, value, key or file given by the user: the command ends with exit code 2. */
export class UsageError extends C1Error {}

/** A value from outside that is not what its format promises: it becomes a dead letter, never a record. */
export class MalformedError extends C1Error {}

/** A fact that C1 relies on does not hold: the role stops, because going on could write something false. */
export class InvariantError extends C1Error {}
