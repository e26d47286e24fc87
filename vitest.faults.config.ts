import { defineConfig } from 'vitest/config'

/** Ten thousand random schedules of faults and crashes on virtual time. */
export default defineConfig({
  test: {
    include: ['tests/faults/*.test.ts'],
    testTimeout: 60 * 60_000,
  },
})
