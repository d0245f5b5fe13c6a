/**
 * Takes the place of the desktop executable in `runTests()` of @vscode/test-electron: understands its arguments, runs
 * the tests in the extension host of code-server, and exits with their result.
 */
import { chromium } from 'playwright-core'
import { CHROMIUM_FLAGS, findChromium } from './chromium.ts'
import { startServer } from './code-server.ts'
import { installServer } from './install-vscode.ts'
import { MARK } from './mark.ts'

function option(name: string): string | undefined {
  const start = `--${name}=`
  return process.argv.find((argument) => argument.startsWith(start))?.slice(start.length)
}

async function run(): Promise<number> {
  const extension = option('extensionDevelopmentPath')
  const tests = option('extensionTestsPath')
  const folder = process.argv.slice(2).find((argument) => !argument.startsWith('-'))
  const executablePath = findChromium()
  if (!extension || !tests || !folder) throw new Error('A folder, the extension and the tests must be given.')
  if (!executablePath) throw new Error('There is no chromium; install it or set SIAMMAE_CHROMIUM.')
  const server = await installServer(console.error)
  if (!server) return 1
  const running = await startServer(server, {
    testDriver: true,
    trustAll: process.argv.includes('--disable-workspace-trust'),
  })
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    page.setDefaultTimeout(120_000)
    const code = new Promise<number>((resolve, reject) => {
      page.exposeFunction('codeAutomationExit', (exit: number) => resolve(exit)).catch(reject)
      page.on('crash', () => reject(new Error('The browser page crashed.')))
    })
    // The workbench says much about itself; only what the suite prints is shown, the rest when nothing came of it.
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
      if (process.env.SIAMMAE_TEST_VERBOSE) console.error(...args)
      const text = args.filter((part) => typeof part === 'string').join(' ')
      const at = text.indexOf(MARK)
      if (at >= 0) console.log(text.slice(at + MARK.length))
    })
    const remote = (path: string) => `vscode-remote://${running.authority}${path}`
    const payload = [
      ['extensionDevelopmentPath', remote(extension)],
      ['extensionTestsPath', remote(tests)],
    ]
    const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) })
    await page.goto(`${running.url}/?${query}`, { waitUntil: 'commit', timeout: 120_000 })
    return await code
  } finally {
    await browser.close()
    await running.stop()
  }
}

// Whoever started it may be killed; it must not stay behind then.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.exit(1)
}, 1000).unref()

run().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
