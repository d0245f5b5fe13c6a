import { basename } from 'node:path'
import type { AnnotationDocument } from '../../model/annotation/index.ts'
import type { ClipFacts } from '../../model/process/index.ts'
import type { DocumentThreads } from '../document/document-thread.ts'
import { checkVideo, locateVideo, pathFrom } from '../document/locate-video.ts'
import { Sentence } from '../sentence.ts'
import type { EditorServices } from './types.ts'

/** A person, or the end of the document, has stopped the reading of a clip. */
export class OpeningCancelled extends Sentence {}

/** The video of one side-car: where it is, and its clip in the model process from the opening to the end. */
export class VideoLink {
  readonly #sidecarPath: string
  readonly #services: EditorServices
  readonly #threads: DocumentThreads
  #path: string
  #clip: ClipFacts | undefined
  /** Paths of the clips that are being opened; taken away when they are not wanted any more. */
  readonly #opening = new Set<string>()
  #cancelled = false
  #closed = false

  /** @param path of the video where it is known already */
  constructor(sidecarPath: string, services: EditorServices, threads: DocumentThreads, path = '') {
    this.#sidecarPath = sidecarPath
    this.#services = services
    this.#threads = threads
    this.#path = path
  }

  /** Absolute path of the video, '' before it was looked for. */
  get path(): string {
    return this.#path
  }

  /** @throws Error before the clip is open */
  get clip(): ClipFacts {
    if (this.#clip === undefined) throw new Error('The clip is not open yet.')
    return this.#clip
  }

  get isOpen(): boolean {
    return this.#clip !== undefined
  }

  /** An opening begins; one before it may have been cancelled. */
  begin(): void {
    this.#cancelled = this.#closed
  }

  /** Opens the video whose path was given. @throws Error with a sentence */
  async openKnown(): Promise<ClipFacts> {
    this.#clip = await this.#openClip(this.#path)
    return this.#clip
  }

  /**
   * Opens the video of a document, wherever it is now, and makes sure that it is the right one; once.
   * @param chosen where it is, for who knows that
   * @throws VideoProblem when it is not found, or is another one
   */
  async open(content: AnnotationDocument, chosen: string | undefined): Promise<void> {
    if (this.#clip !== undefined) return
    const { client, log } = this.#services
    const { path, moved } =
      chosen === undefined
        ? await locateVideo(this.#sidecarPath, content.video, {
            find: (candidates, hash) => this.#threads.find(candidates, hash),
            folderHash: async (folder) => {
              const facts = await this.#openClip(folder).catch(() => undefined)
              if (facts !== undefined) client.closeClip(folder)
              return facts?.contentHash
            },
          })
        : { path: chosen, moved: true }
    this.#path = path
    this.#clip = await this.#openChecked(content, path)
    // Written with the next save; opening alone does not make a document dirty.
    if (moved) this.name(content)
    if (moved && chosen === undefined) log.info(`${this.#sidecarPath}: its video was found again as ${path}`)
  }

  /** The open video has another path. @throws VideoProblem when another one is there; then nothing has changed */
  async move(content: AnnotationDocument, path: string): Promise<void> {
    this.begin()
    const clip = await this.#openChecked(content, path)
    this.#release()
    this.#path = path
    this.#clip = clip
  }

  /** Has the document name the video where it is, which is no step. */
  name(content: AnnotationDocument): void {
    content.apply({ kind: 'moveVideo', path: this.pathInSidecar })
  }

  /** The path of the video as the side-car names it. */
  get pathInSidecar(): string {
    return pathFrom(this.#sidecarPath, this.#path)
  }

  /** @throws VideoProblem when the open clip is not the one that a document is about; it is closed then */
  check(content: AnnotationDocument): void {
    try {
      checkVideo(this.#path, content.video, this.clip)
    } catch (error) {
      // Whatever is opened next is looked for and checked anew.
      this.#release()
      throw error
    }
  }

  /** Stops the opening that has begun, which rejects then. */
  cancel(): void {
    this.#cancelled = true
    for (const path of this.#opening) this.#services.client.closeClip(path)
    this.#opening.clear()
  }

  /** For good. */
  close(): void {
    this.#closed = true
    this.cancel()
    this.#release()
  }

  #release(): void {
    if (this.#clip !== undefined) this.#services.client.closeClip(this.#path)
    this.#clip = undefined
  }

  async #openChecked(content: AnnotationDocument, path: string): Promise<ClipFacts> {
    const clip = await this.#openClip(path)
    try {
      checkVideo(path, content.video, clip)
    } catch (error) {
      this.#services.client.closeClip(path)
      throw error
    }
    return clip
  }

  /** @throws Sentence when it is cancelled; the clip is closed then */
  async #openClip(path: string): Promise<ClipFacts> {
    if (this.#cancelled) throw cancelled(path)
    this.#opening.add(path)
    try {
      const clip = await this.#services.client.openClip(path)
      if (this.#opening.has(path)) return clip
    } catch (error) {
      if (this.#opening.has(path)) throw error
    } finally {
      this.#opening.delete(path)
    }
    throw cancelled(path)
  }
}

function cancelled(path: string): OpeningCancelled {
  return new OpeningCancelled('Reading {0} was cancelled.', basename(path))
}
