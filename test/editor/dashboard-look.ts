/**
 * Pictures of the panel for fine-tuning for somebody to look at: form and dashboard, every theme.
 * `npx esbuild test/editor/dashboard-look.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/test/dashboard-look.js && node dist/test/dashboard-look.js [folder] [part of a name]`
 */
import { ESTIMATE, EVALUATION, FORM, RUN, running, stepsOf } from './dashboard-scenes.ts'
import type { ThemeName } from './themes.ts'
import { WebviewPage } from './webview-page.ts'

const folder = process.argv[2] ?? 'test-output/dashboard'
const only = process.argv[3] ?? ''

async function look(
  name: string,
  theme: ThemeName,
  size: { readonly width: number; readonly height: number },
  act: (view: WebviewPage) => Promise<void>,
): Promise<void> {
  const file = `${name}-${theme}`
  if (!file.includes(only)) return
  const view = await WebviewPage.open({ bundle: 'dashboard', theme, size })
  await act(view)
  await view.page.waitForTimeout(400)
  await view.screenshot(`${folder}/${file}.png`)
  await view.close()
  console.log(`${folder}/${file}.png`)
}

const form = async (view: WebviewPage) => {
  await view.send({ type: 'form', form: FORM, texts: {} })
  await view.send({ type: 'estimate', stage: undefined, estimate: ESTIMATE, problem: undefined })
}

for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
  await look('form', theme, { width: 900, height: 1000 }, form)
  await look('run', theme, { width: 1100, height: 1500 }, async (view) => {
    await view.send(running())
    await view.page.getByText('Compare with').click()
    await view.page.getByText('2026-11-25-pond').click()
    await view.send({ type: 'curve', folder: '/work/siammae-runs/2026-11-25-pond', steps: stepsOf(400, 8) })
    await view.page.getByText('Compare with').click()
  })
  await look('done', theme, { width: 1100, height: 1700 }, (view) =>
    view.send(
      running({
        run: { ...RUN, state: 'done', step: 400, secondsLeft: undefined, model: 'made' },
        evaluation: { kind: 'done', evaluation: EVALUATION },
      }),
    ),
  )
}
await look('form-empty', 'dark', { width: 900, height: 800 }, (view) =>
  view.send({ type: 'form', form: { ...FORM, footage: [], trusted: false }, texts: {} }),
)
await look('form-measuring', 'light', { width: 560, height: 1000 }, async (view) => {
  await view.send({
    type: 'form',
    form: {
      ...FORM,
      settings: { name: 'siammae-runs/settings.siam-train.json', problem: 'It is not JSON: Unexpected end.' },
    },
    texts: {},
  })
  await view.send({
    type: 'estimate',
    stage: { stage: 'decoding', name: 'pond/koi-2.mp4', done: 1.4, total: 3 },
    estimate: undefined,
    problem: undefined,
  })
})
await look('failed', 'dark', { width: 700, height: 900 }, (view) =>
  view.send(
    running({
      run: {
        ...RUN,
        state: 'failed',
        message:
          'Cannot write /work/siammae-runs/2026-11-26-pond/metrics.jsonl: the disk is full; free some space and run again.',
      },
      previews: [],
    }),
  ),
)
await look('preparing', 'dark', { width: 900, height: 700 }, (view) =>
  view.send(
    running({
      run: {
        ...RUN,
        state: 'preparing',
        step: 0,
        loss: undefined,
        pairsPerSecond: undefined,
        secondsLeft: undefined,
        stage: { stage: 'decoding', name: 'pond/koi-2.mp4', done: 1.4, total: 3 },
      },
      steps: [],
      previews: [],
    }),
  ),
)
await WebviewPage.closeBrowser()
