import { defineConfig } from 'vitest/config'

/** The page in a real browser, and its own logic. Chromium: path in CHROMIUM, or the one in PATH. */
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts', 'apps/*/web/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
