/** Protects: the panel for fine-tuning does what its controls say, can be used by keyboard, and names everything. */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ESTIMATE, EVALUATION, FORM, RUN, running, stepsOf } from './dashboard-scenes.ts'
import { findChromium } from './vscode/chromium.ts'
import { WebviewPage, type WebviewPageOptions } from './webview-page.ts'

describe.skipIf(!findChromium())('the panel for fine-tuning', () => {
  let view: WebviewPage | undefined
  const open = async (options: WebviewPageOptions = {}) => {
    view = await WebviewPage.open({ ...options, bundle: 'dashboard' })
    return view
  }
  afterEach(() => view?.close())
  afterAll(() => WebviewPage.closeBrowser())
  const actions = async () => (await view!.posted('act')).map(({ action }) => action)

  it('the form asks the host for every choice, and says what each length would take', async () => {
    const { page } = await open()
    await view!.send({ type: 'form', form: FORM, texts: {} })
    await page.getByText('time not measured yet').first().waitFor()
    await view!.send({ type: 'estimate', stage: undefined, estimate: ESTIMATE, problem: undefined })
    // 6.1 s to start, and 100 steps of 2.84 s.
    await page.getByText('about 5 min').first().waitFor()
    await page.getByLabel('Medium').check()
    await page.getByLabel('Start from').selectOption('/models/dino.safetensors')
    await page.getByLabel('Device').selectOption('webgpu')
    await page.getByRole('button', { name: 'Remove clips/koi-7.mp4' }).click()
    await page.getByRole('button', { name: 'Edit All Settings' }).click()
    expect((await view!.posted('change')).map(({ form }) => form)).toEqual([
      { length: 'medium' },
      { start: '/models/dino.safetensors' },
      { device: 'webgpu' },
    ])
    expect(await view!.posted('removeFootage')).toEqual([
      { type: 'removeFootage', path: '/work/clips/koi-7.mp4' },
    ])
    await page.getByRole('button', { name: 'Start Fine-Tuning' }).click()
    expect(await actions()).toEqual(['openSettings', 'start'])
    // A second press before the host has answered would begin a second run.
    await expect(page.getByRole('button', { name: 'Starting...' }).isDisabled()).resolves.toBe(true)
    await view!.send({ type: 'refused', message: 'The disk is full.' })
    await page.getByRole('alert').getByText('The disk is full.').waitFor()
    await expect(page.getByRole('button', { name: 'Start Fine-Tuning' }).isEnabled()).resolves.toBe(true)
  })

  it('nothing starts without footage or trust', async () => {
    const { page } = await open()
    await view!.send({ type: 'form', form: { ...FORM, footage: [], trusted: true }, texts: {} })
    const start = page.getByRole('button', { name: 'Start Fine-Tuning' })
    await expect(start.isDisabled()).resolves.toBe(true)
    await view!.send({ type: 'form', form: { ...FORM, trusted: false }, texts: {} })
    await page.getByRole('button', { name: 'Manage Workspace Trust' }).click()
    await expect(start.isDisabled()).resolves.toBe(true)
    expect(await actions()).toEqual(['trust'])
  })

  it('the dashboard grows with the run, and its buttons follow its state', async () => {
    const { page } = await open()
    await view!.send(running({ steps: stepsOf(10), previews: [] }))
    const loss = page.getByRole('img', { name: /^Loss\. From .+ at step 1 to .+ at step 10$/ })
    await loss.waitFor()
    await view!.send({ type: 'steps', steps: stepsOf(12).slice(10) })
    await page
      .getByRole('img', { name: /at step 12$/ })
      .first()
      .waitFor()
    // After a crash steps are done once more: none is there twice.
    await view!.send({ type: 'steps', steps: stepsOf(11).slice(8) })
    await page.getByRole('img', { name: /^Loss\. .+ at step 11$/ }).waitFor()
    await page.getByText('The first picture comes after some steps.').waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await view!.send({ type: 'run', run: { ...RUN, state: 'waiting' }, others: [] })
    await page.getByText('Waiting: the propagation goes first').waitFor()
    await view!.send({ type: 'run', run: { ...RUN, state: 'paused' }, others: [] })
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Stop and Keep' }).click()
    await view!.send({ type: 'run', run: { ...RUN, state: 'done', step: 400, model: 'made' }, others: [] })
    await page.getByRole('button', { name: 'Use This Model' }).click()
    await page.getByRole('button', { name: 'Measure Before and After' }).click()
    expect(await actions()).toEqual(['pause', 'resume', 'stopAndKeep', 'makeActive', 'evaluate'])
    await view!.send({ type: 'run', run: { ...RUN, state: 'done', step: 400, model: 'active' }, others: [] })
    await page.getByText('Active model').waitFor()
    await view!.send({ type: 'evaluation', evaluation: { kind: 'done', evaluation: EVALUATION } })
    const row = page.getByRole('row', { name: /pond\/koi-1\.siam\.json/ })
    expect(await row.innerText()).toMatch(/6\s+J&F\s+61\.2\s+65\.5\s+\+4\.3/)
    const earlier = { ...EVALUATION, step: 100 }
    expect(await page.getByText('Measured at step').count()).toBe(0)
    await view!.send({ type: 'evaluation', evaluation: { kind: 'done', evaluation: earlier } })
    await page.getByText('Measured at step 100 of the training.').waitFor()
  })

  it('draws other runs under the same axes, asks for each once, and remembers them', async () => {
    const { page } = await open()
    await view!.send(running())
    await page.getByText('Compare with').click()
    const other = page.getByLabel('2026-11-25-pond')
    await other.check()
    await view!.send({ type: 'curve', folder: '/work/siammae-runs/2026-11-25-pond', steps: stepsOf(400, 8) })
    await page.locator('.u-legend').getByText('2026-11-25-pond').waitFor()
    await other.uncheck()
    await other.check()
    expect(await view!.posted('wantCurve')).toHaveLength(1)
    await page.getByLabel('Log scale').check()
    const kept = (await page.evaluate('kept')) as Record<string, unknown>
    expect(kept).toMatchObject({
      folder: RUN.folder,
      logScale: true,
      compared: ['/work/siammae-runs/2026-11-25-pond'],
    })
  })

  it('every control has a name, is reached by keyboard and shows the focus', async () => {
    const { page } = await open()
    await view!.send(running({ run: { ...RUN, state: 'paused' } }))
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    const controls = await page.locator('button:enabled, input, select, summary').count()
    const reached = new Set<string>()
    for (let presses = 0; presses < controls + 4; presses++) {
      await page.keyboard.press('Tab')
      const at = (await page.evaluate(`(() => {
        const element = document.activeElement
        if (!element || element === document.body) return undefined
        const name = element.getAttribute('aria-label') || element.closest('label')?.innerText || element.innerText || element.title
        return { name: name.trim(), outline: getComputedStyle(element).outlineStyle }
      })()`)) as { name: string; outline: string } | undefined
      if (!at) continue
      expect(at.name).not.toBe('')
      expect(at.outline, at.name).not.toBe('none')
      reached.add(at.name)
    }
    for (const name of ['Resume', 'Stop', 'Stop and Keep', 'Reveal Folder', 'Log scale', 'Compare with'])
      expect([...reached]).toContain(name)
    await page.getByRole('button', { name: 'Resume' }).focus()
    await page.keyboard.press('Enter')
    expect(await actions()).toEqual(['resume'])
  })

  it('speaks the language of the host', async () => {
    const { page } = await open()
    await view!.send({
      type: 'form',
      form: FORM,
      texts: { 'Fine-tune on footage': '用素材微调', 'Start Fine-Tuning': '开始微调' },
    })
    await page.getByRole('heading', { name: '用素材微调' }).waitFor()
    await page.getByRole('button', { name: '开始微调' }).waitFor()
  })
})
