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
  close(): Promise<void>
}
