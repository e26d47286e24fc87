import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{apps,packages}/*/src/**/*.test.ts', 'tests/*.test.ts'],
    // Most take milliseconds; those that start processes or sync to the disk wait for a machine that does other things too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One less by default: of two processors, one. Many tests wait for sockets and processes.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['{apps,packages}/*/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'lcov'],
    },
  },
})
