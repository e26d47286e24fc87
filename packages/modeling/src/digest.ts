import { createHash } from 'node:crypto'
import type { FeatureRow } from '@c1/features'

/**
 * SHA-256, in hex, over what a model learned from: of each row its event time, revision, values and label, each as the
 * eight bytes of a little-endian IEEE 754 double. Every NaN counts as the same.
 */
export function dataDigest(rows: readonly FeatureRow[], labels: readonly number[]): string {
  const hash = createHash('sha256')
  for (const [at, row] of rows.entries()) {
    hash.update(doubleBytes([row.eventTime, row.revision, ...row.values, labels[at] as number]))
  }
  return hash.digest('hex')
}

/** The first 16 hex digits of the SHA-256 of a row's values, label column included, as `dataDigest` writes them. */
export function vectorDigest(row: FeatureRow): string {
  return createHash('sha256').update(doubleBytes(row.values)).digest('hex').slice(0, 16)
}

const NAN_BITS = 0x7ff8_0000_0000_0000n

function doubleBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8))
  for (const [at, value] of values.entries()) {
    // A NaN may carry any of many bit patterns, which a store need not keep.
    if (Number.isNaN(value)) view.setBigUint64(at * 8, NAN_BITS, true)
    else view.setFloat64(at * 8, value, true)
  }
  return new Uint8Array(view.buffer)
}
