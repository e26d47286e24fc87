import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildKernel, KERNEL_FILE } from '../tools/build-kernel.ts'

describe('the WebAssembly of packages/windowing', () => {
  it('is what the compiler makes of its source, byte for byte (npm run kernel)', { timeout: 120_000 }, async () => {
    expect(readFileSync(KERNEL_FILE, 'utf8')).toBe(await buildKernel())
  })
})
