import { Coverage } from './coverage.ts'
import { Revisions } from './revisions.ts'
import { WindowStore } from './window-store.ts'

/** All that the windows of a sequence remember. */
export interface SequenceState {
  readonly coverage: Coverage
  readonly windows: WindowStore
  readonly revisions: Revisions
  /** The least lateness that windows were ever let go by: what is older may be in the log alone. */
  lateness: number
  /** Open times of the oldest and newest base windows that a trade fell into. */
  oldest: number
  newest: number
}

/** Before its first message. */
export function emptySequence(lateness: number): SequenceState {
  return {
    coverage: new Coverage(),
    windows: new WindowStore(),
    revisions: new Revisions(),
    lateness,
    oldest: Number.POSITIVE_INFINITY,
    newest: Number.NEGATIVE_INFINITY,
  }
}
