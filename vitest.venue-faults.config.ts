import { defineConfig } from 'vitest/config'

/** `c1 up` over real sockets against a venue that goes wrong, killed each minute. */
export default defineConfig({
  test: {
    include: ['tests/venue-faults/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 6 * 60 * 60_000,
  },
})
