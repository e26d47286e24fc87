import { defineConfig } from 'vitest/config'

/** Roles and brokers killed, groups in turmoil, at full length: `C1_TEST_KILLS`, `C1_TEST_BROKER_KILLS`, `C1_TEST_STORM_SECONDS`. */
export default defineConfig({
  test: {
    include: ['tests/kafka/chaos/*.test.ts'],
    globalSetup: 'tests/kafka/one-broker.setup.ts',
    fileParallelism: false,
    hookTimeout: 60 * 60_000,
  },
})
