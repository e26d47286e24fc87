import { defineConfig } from 'vitest/config'

/** A million changed frames and bodies: seven properties of 150,000 each. */
export default defineConfig({
  test: {
    include: ['packages/kraken/src/fuzz.test.ts'],
    env: { C1_TEST_FUZZ: process.env.C1_TEST_FUZZ ?? '150000' },
  },
})
