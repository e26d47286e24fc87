import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/recovery/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 15 * 60_000,
  },
})
