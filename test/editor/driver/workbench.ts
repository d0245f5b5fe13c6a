/** A VS Code window as a person uses it: with pointer and keyboard, in a real browser. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Frame, type Locator, type Page } from 'playwright-core'
import { logOf } from '../../../extension/document/backup.ts'
import { decodeRecords } from '../../../extension/document/backup-log.ts'
import { root } from '../build.ts'
import { until } from '../support/until.ts'
import { CHROMIUM_FLAGS } from '../vscode/chromium.ts'
import { type RunningServer, type ServerOptions, startServer } from '../vscode/code-server.ts'
import type { ServerVSCode } from '../vscode/install-vscode.ts'
import { AnnotatorView } from './view.ts'

export interface WorkbenchOptions extends ServerOptions {
  readonly server: ServerVSCode
  readonly chromium: string
  /** Opened as the workspace. */
  readonly folder: string
  /** Whether the checkout is the extension; `false` when one is installed in `home`. */
  readonly development?: boolean
  readonly size?: { readonly width: number; readonly height: number }
}

/** Whether something comes on screen soon; else what should have brought it there was lost. */
export const appears = (locator: Locator): Promise<boolean> =>
  locator.waitFor({ timeout: 3000 }).then(
    () => true,
    () => false,
  )

export class Workbench {
  readonly page: Page
  readonly server: RunningServer
  private readonly browser: Browser

  private constructor(server: RunningServer, browser: Browser, page: Page) {
    this.server = server
    this.browser = browser
    this.page = page
  }

  /** Starts the server and the browser, and waits until the extension's icon stands in the activity bar. */
  static async start(options: WorkbenchOptions): Promise<Workbench> {
    const extension = options.development === false ? {} : { extension: root.replace(/\/$/, '') }
    const server = await startServer(options.server, { ...options, ...extension })
    let browser: Browser | undefined
    let workbench: Workbench | undefined
    try {
      browser = await chromium.launch({ executablePath: options.chromium, args: CHROMIUM_FLAGS })
      const page = await browser.newPage({ viewport: options.size ?? { width: 1280, height: 800 } })
      page.setDefaultTimeout(60_000)
      page.setDefaultNavigationTimeout(120_000)
      workbench = new Workbench(server, browser, page)
      await workbench.load(options.folder)
      return workbench
    } catch (error) {
      await workbench?.screenshot('failed-start')
      await browser?.close()
      await server.stop()
      throw error
    }
  }

  /** Opens the workspace, as after typing the address; what was open before is left without a question. */
  async load(folder: string): Promise<void> {
    const query = new URLSearchParams({ folder })
    await this.page.goto(`${this.server.url}/?${query}`)
    await this.page.locator('.activitybar .action-label[aria-label*="SiamMAE"]').waitFor()
  }

  /** Runs a command by its title, as a person does: F1, type, Enter. */
  async command(title: string): Promise<void> {
    const input = await this.quickInput('F1')
    await input.fill(`>${title}`)
    // Rows are used again for other commands while the list is narrowed down: what counts is the one that Enter takes.
    await this.page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: title }).waitFor()
    await this.page.keyboard.press('Enter')
  }

  /** Presses a key until the box at the top is there: one that is pressed while the focus moves is lost. */
  private async quickInput(key: string) {
    const input = this.page.locator('.quick-input-widget input.input')
    await until('the box at the top', async () => {
      if (await input.isVisible()) return true
      await this.page.keyboard.press(key)
      return appears(input)
    })
    return input
  }

  /** Shows a view container by its command: the icon may be hidden, or covered by what is said about it. */
  async sideBar(title: string): Promise<void> {
    await this.command(`View: Show ${title}`)
    await this.page.locator('.part.sidebar .composite.title', { hasText: title }).waitFor()
  }

  /** The lines of a tree in the side bar that are on screen. */
  rows(view: string) {
    const header = this.page.locator('.pane-header .title', { hasText: view })
    return this.page.locator('.part.sidebar .pane', { has: header }).locator('.monaco-list-row')
  }

  /** Types into the box that a command has opened, and accepts. */
  async answer(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input.input')
    await input.waitFor()
    await input.fill(text)
    await this.page.keyboard.press('Enter')
    await input.waitFor({ state: 'hidden' })
  }

  /** The file's row in the explorer. */
  file(name: string) {
    return this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`)
  }

  /** Opens a video by its menu in the explorer, and waits until its first frame is on screen. */
  async annotate(name: string): Promise<AnnotatorView> {
    await this.fromMenu(name, 'Annotate Video')
    return this.view()
  }

  /** Chooses from the menu of a file in the explorer. */
  async fromMenu(name: string, title: string): Promise<void> {
    const item = this.menuItem(title)
    // Rows move when a file comes or goes, between the look at where one is and the click.
    await until(`the menu of ${name}`, async () => {
      await this.file(name).click({ button: 'right' })
      const shown = await appears(item)
      if (!shown) await this.page.keyboard.press('Escape')
      return shown
    })
    // For a moment after it opens a menu takes no clicks, so that the click that opened it does not choose.
    await until('the menu to have been used', async () => {
      await item.click({ timeout: 1000 }).catch(() => {})
      return !(await item.isVisible())
    })
  }

  /**
   * Opens a side-car by a double click in the explorer. In the first seconds VS Code may not know the custom editor
   * yet and shows text; then that is closed and the file opened again.
   */
  async open(name: string): Promise<void> {
    const shown = async () => {
      if ((await this.views()).length > 0) return 'annotator'
      return (await this.page.locator('.editor-instance .monaco-editor').count()) > 0 ? 'text' : undefined
    }
    for (;;) {
      await this.file(name).dblclick()
      if ((await until(`${name} to be open`, shown)) === 'annotator') return
      await this.closeTab()
      await until('no text', async () => (await shown()) === undefined)
    }
  }

  menuItem(text: string) {
    return this.page.locator('.monaco-menu .action-item', { hasText: text }).first()
  }

  /** An annotator on screen, counted from the left, once it shows a frame. */
  async view(index = 0): Promise<AnnotatorView> {
    const frame = await until('a frame on the canvas', async () => {
      const found = (await this.views())[index]
      return (await found?.$('.stage[data-frame]')) ? found : undefined
    })
    return new AnnotatorView(this.page, frame)
  }

  /** Makes an object with the keyboard: its label from the list, its name typed. */
  async newObject(label: string, name: string): Promise<void> {
    await this.page.keyboard.press('n')
    await this.nameObject(label, name)
  }

  /** Answers what is asked about a new object. */
  async nameObject(label: string, name: string): Promise<void> {
    const rows = this.page.locator('.quick-input-list .monaco-list-row')
    await rows
      .filter({ has: this.page.getByText(label, { exact: true }) })
      .first()
      .click()
    await this.page.locator('.quick-input-widget .quick-input-message', { hasText: 'new object' }).waitFor()
    await this.answer(name)
  }

  /** The label of the active tab, with whether it has unsaved changes. */
  async activeTab(): Promise<{ name: string; dirty: boolean }> {
    const tab = this.page.locator('.editor-group-container.active .tab.active')
    const name = (await tab.getAttribute('data-resource-name')) ?? ''
    return { name, dirty: ((await tab.getAttribute('class')) ?? '').split(' ').includes('dirty') }
  }

  /** Saves with the keyboard, and waits until the tab is clean. */
  async save(): Promise<void> {
    await this.page.keyboard.press('Control+s')
    await until('the tab to be clean', async () => !(await this.activeTab()).dirty)
  }

  /** Closes the active editor by the button of its tab, and waits until no annotator is on screen. */
  async closeEditor(): Promise<void> {
    await this.closeTab()
    await until('no annotator', async () => (await this.views()).length === 0)
  }

  private async closeTab(): Promise<void> {
    await this.page.locator('.editor-group-container.active .tab.active .tab-actions .action-label').click()
  }

  /** Goes to a frame by its number, as a person types it. */
  async goTo(frame: number): Promise<void> {
    await this.quickInput('Control+g')
    await this.answer(String(frame))
  }

  /** Propagates from the frame that is shown, `first`, to another one, which is shown then. */
  async propagateOver(view: AnnotatorView, first: number, last: number): Promise<void> {
    await view.key('i')
    await this.goTo(last)
    await view.waitForFrame(last)
    await view.key('u')
    await view.waitForRange(first, last)
    await this.command('SiamMAE: Propagate over Range')
  }

  /** VS Code has noted down a backup, and that holds a mark: what is lost before is lost by design. */
  async backedUp(): Promise<void> {
    const folder = join(this.server.home, 'data', 'User', 'Backups')
    await until('a backup with a mark', () => {
      try {
        return readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => {
          if (!entry.isFile()) return false
          const note = readFileSync(join(entry.parentPath, entry.name), 'utf8')
          const id = /"backupId":"([^"]+)"/.exec(note)?.[1]
          return (
            id !== undefined &&
            [...decodeRecords(readFileSync(logOf(id)))].some(({ kind }) => kind === 'entries')
          )
        })
      } catch (error) {
        // Files come and go while they are looked at.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
        throw error
      }
    })
  }

  /** The documents of the webviews that are on screen, left to right. */
  async views(): Promise<Frame[]> {
    const found: { frame: Frame; x: number }[] = []
    for (const element of await this.page.locator('iframe.webview.ready').all()) {
      if (!(await element.isVisible())) continue
      const outer = await (await element.elementHandle())?.contentFrame()
      const inner = await (await outer?.$('#active-frame'))?.contentFrame()
      const box = await element.boundingBox()
      if (inner && box) found.push({ frame: inner, x: box.x })
    }
    return found.sort((a, b) => a.x - b.x).map(({ frame }) => frame)
  }

  /** Messages at the lower right. */
  async notifications(): Promise<string[]> {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts()
  }

  /** What VS Code asks: dialogs and messages with buttons. */
  async questions(): Promise<string[]> {
    const dialogs = this.page.locator('.monaco-dialog-box .dialog-message-container')
    return [...(await dialogs.allInnerTexts()), ...(await this.notifications())]
  }

  /** A picture of the window in test-output/. */
  async screenshot(name: string): Promise<void> {
    const folder = join(root, 'test-output')
    mkdirSync(folder, { recursive: true })
    await this.page.screenshot({ path: join(folder, `${name}.png`) })
  }

  async stop(): Promise<void> {
    await this.browser.close()
    await this.server.stop()
  }
}
