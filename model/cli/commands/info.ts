import { Command } from 'commander'
import { openClip, printJson } from '../shared.ts'

/** `siammae info`: what a clip is, frame by frame. */
export function infoCommand(signal: AbortSignal): Command {
  return new Command('info')
    .description('show what a video or image folder is and what was found; with --json every frame')
    .argument('<video>', 'video file or folder of images')
    .option('--json', 'print everything as JSON')
    .action(async (path: string, options: { json?: boolean }) => {
      const source = await openClip(path, signal)
      const { table } = source
      await source.close()
      if (options.json) {
        printJson(table)
        return
      }
      const { frames } = table
      const keyFrames = frames.filter((frame) => frame.keyFrame).length
      const duration = frames.at(-1)!.time - frames[0]!.time + 1 / table.averageFps
      const rows: [string, string][] = [
        ['file', table.path],
        ['container, codec', `${table.container}, ${table.codec}`],
        ['frames', `${frames.length} (${keyFrames} key frames)`],
        ['size', `${table.width} x ${table.height}`],
        [
          'stored as',
          `${table.codedWidth} x ${table.codedHeight}, rotation ${table.rotation}, pixel aspect ${table.sampleAspect.num}:${table.sampleAspect.den}`,
        ],
        [
          'rate',
          `${table.averageFps.toFixed(3)} frames per second${table.variableFrameRate ? ', variable' : ''}`,
        ],
        ['duration', `${duration.toFixed(3)} s, first frame at ${frames[0]!.time.toFixed(3)} s`],
        [
          'timestamps',
          table.timestamps === 'file'
            ? 'from the file'
            : table.kind === 'images'
              ? 'counted (pictures have none)'
              : 'counted (the file has none that can be trusted)',
        ],
        ['hash', table.contentHash],
      ]
      for (const [name, value] of rows) console.log(`${name.padEnd(18)}${value}`)
    })
}
