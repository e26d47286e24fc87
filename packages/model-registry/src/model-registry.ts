import type { EpochMicros } from '@c1/market'
import type { ModelVersion } from '@c1/modeling'

/** Where trained versions live. One role writes, many read. */
export interface ModelRegistry {
  /**
   * Adds a version, all or nothing. The same version again with the same content changes nothing.
   *
   * @throws C1Error `version_taken` when it is there with other content
   */
  register(version: ModelVersion): Promise<void>
  /** Model names, sorted. */
  names(): Promise<readonly string[]>
  /** All versions of a name, oldest first; empty when there is none. */
  versions(name: string): Promise<readonly ModelVersion[]>
  /**
   * Says that every cut-off of a name before `cutOff` is decided: its version is registered, or there is none. Whoever
   * predicts waits for this, so that it never takes an old version while a newer one is being trained for that time.
   */
  schedule(name: string, cutOff: EpochMicros): Promise<void>
  /** The newest scheduled cut-off; undefined when there was none yet. */
  nextCutOff(name: string): Promise<EpochMicros | undefined>
  close(): Promise<void>
}
