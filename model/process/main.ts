/** Entry point of the model process: forked by the extension host, one per window, gone when that is gone. */
import { endProbes } from '../runtime/index.ts'
import { Clips } from './clips.ts'
import { doctor } from './doctor.ts'
import { exportDataset } from './export-dataset.ts'
import { exportModel } from './export-model.ts'
import { connectHost, type Host } from './host.ts'
import { answerImport } from './import-model.ts'
import { Inspections } from './inspections.ts'
import { NamedJobs } from './named-jobs.ts'
import { Runs } from './runs.ts'
import { answering, problemText } from './sentence.ts'
import { WarmModel } from './warm-model.ts'

if (!process.send) throw new Error('The model process is started by the extension, not by hand.')

/** Nothing may hold the process longer than this once the window is gone. */
const LAST_MOMENTS_MS = 1000

const answer = answering((text) => host.tell.log({ level: 'error', text }))

const host: Host = connectHost({
  openClip: answer('Opening the clip', (path, options) => clips.open(path, options)),
  closeClip: answer('Closing the clip', closeClip),
  wantPictures: answer('Reading pictures', (want) => clips.want(want)),
  prepareModel: answer('Preparing the model', (choice, first) => runs.prepare(choice, first)),
  startRun: answer('Starting the propagation', (request) => runs.start(request)),
  pauseRun: answer('Pausing the propagation', (run) => runs.pause(run)),
  resumeRun: answer('Going on with the propagation', async (run) => runs.resume(run)),
  cancelRun: answer('Cancelling the propagation', (run) => runs.cancel(run)),
  inspectCorrespondence: answer('The inspection', (request) => inspections.correspondence(request)),
  inspectAttention: answer('The inspection', (request) => inspections.attention(request)),
  endInspection: answer('Ending the inspection', async (view) => inspections.end(view)),
  exportDataset: answer('The export', (job, request) =>
    exports.run(job, (signal) => exportDataset(request, { host, clips, job, signal })),
  ),
  cancelExport: answer('Cancelling the export', (job) => exports.cancel(job)),
  importModel: answer('The import', (job, request) =>
    imports.run(job, (signal) => answerImport(request, { host, job, signal })),
  ),
  cancelImport: answer('Cancelling the import', (job) => imports.cancel(job)),
  exportModel: answer('The export', (request) => exportModel(request)),
  doctor: answer('The examination', (settings) => doctor(settings)),
})
const clips = new Clips(host, () => runs.isBusy)
const warm = new WarmModel()
const runs = new Runs(host, clips, warm, () => inspections.makeRoom())
const inspections = new Inspections(clips, warm, () => runs.isBusy)
const exports = new NamedJobs('export')
const imports = new NamedJobs('import')

async function closeClip(path: string): Promise<void> {
  if (clips.isLastUse(path)) await runs.cancelOf(path)
  const hash = await clips.close(path)
  if (hash !== undefined) await warm.forgetClip(hash)
}

function logProblem(doing: string, error: unknown): void {
  host.tell.log({ level: 'error', text: problemText(doing, error) })
}

let leaving = false
async function leave(): Promise<void> {
  if (leaving) return
  leaving = true
  // An orderly exit in the middle of a native call would wait for it, or abort.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_MOMENTS_MS)
  endProbes()
  await Promise.allSettled([runs.cancelAll(), exports.cancelAll(), imports.cancelAll(), clips.closeAll()])
  process.exit(0)
}

process.on('disconnect', () => void leave())
process.on('SIGTERM', () => void leave())
// A terminal's Ctrl-C reaches the whole group; the extension host decides.
process.on('SIGINT', () => {})
process.on('unhandledRejection', (error) => logProblem('A part of the work was lost', error))
