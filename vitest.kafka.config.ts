import { defineConfig } from 'vitest/config'

/** Against a real Apache Kafka, which is started for the run and stopped after it. Needs Java 17 and Maven. */
export default defineConfig({
  test: {
    include: ['tests/kafka/**/*.test.ts'],
    exclude: ['tests/kafka/chaos/roles.test.ts'],
    globalSetup: 'tests/kafka/one-broker.setup.ts',
    fileParallelism: false,
    // A short chaos; `npm run test:kafka-chaos` is the long one, and the only one with a process for each role.
    env: { C1_TEST_BROKER_KILLS: '1', C1_TEST_STORM_SECONDS: '14' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
