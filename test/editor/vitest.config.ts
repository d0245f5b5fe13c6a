import { configDefaults, defineConfig } from 'vitest/config'

/** Measurements, pictures to look at and the packed VSIX have a command of their own: `npm run test:editor:more`. */
const MORE = ['speed', 'looks', 'installed'].map((name) => `test/editor/${name}.test.ts`)
const more = process.env.SIAMMAE_TEST_MORE === '1'

export default defineConfig({
  test: {
    include: more ? MORE : ['test/editor/**/*.test.ts'],
    exclude: more ? configDefaults.exclude : [...configDefaults.exclude, ...MORE],
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
