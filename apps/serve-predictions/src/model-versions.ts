import type { EpochMicros } from '@c1/market'
import type { ModelRegistry } from '@c1/model-registry'
import { type ModelVersion, versionInForce } from '@c1/modeling'

export interface ModelVersionsOptions {
  readonly registry: ModelRegistry
  /** Microseconds from a cut-off to the first `asOf` its version serves. */
  readonly allowance: number
  /** Resolves after a short while, or when the role stops. */
  readonly pause: () => Promise<void>
  readonly signal: AbortSignal
}

/**
 * Which version makes the prediction at a time. A version that is still being trained for that time is waited for, so that
 * it never depends on how fast something ran; a new one is used from its first moment on, without a restart.
 */
export class ModelVersions {
  readonly #options: ModelVersionsOptions
  readonly #known = new Map<string, { readonly until: EpochMicros; readonly versions: readonly ModelVersion[] }>()

  constructor(options: ModelVersionsOptions) {
    this.#options = options
  }

  /** Synchronous whenever nothing has to be waited for: this is on the way from a trade to its prediction. */
  inForce(name: string, asOf: EpochMicros): ModelVersion | undefined | Promise<ModelVersion | undefined> {
    const known = this.#known.get(name)
    if (known !== undefined && asOf < known.until) return versionInForce(known.versions, asOf)
    return this.#refresh(name, asOf)
  }

  async #refresh(name: string, asOf: EpochMicros): Promise<ModelVersion | undefined> {
    const { allowance, pause, registry, signal } = this.#options
    while (!signal.aborted) {
      const next = await registry.nextCutOff(name)
      const until = (next === undefined ? 0 : next + allowance) as EpochMicros
      if (asOf < until) {
        const versions = await registry.versions(name)
        this.#known.set(name, { until, versions })
        return versionInForce(versions, asOf)
      }
      await pause()
    }
    throw signal.reason
  }
}
