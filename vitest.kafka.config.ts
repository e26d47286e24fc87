import { defineConfig } from 'vitest/config'

/** Against a real Apache Kafka, which is started for the run and stopped after it. Needs Java 17 and Maven. */
export default defineConfig({
  test: {
    include: ['tests/kafka/**/*.test.ts'],
    globalSetup: 'tests/kafka/one-broker.setup.ts',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
