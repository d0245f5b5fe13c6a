import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/editor/**/*.test.ts'],
    globalSetup: 'test/editor/global-setup.ts',
    // One VS Code and one browser at a time.
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['verbose'],
    // What is printed (times, reasons for skipping) is part of the result.
    disableConsoleIntercept: true,
  },
})
