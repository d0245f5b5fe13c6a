export interface UserErrorOptions {
  readonly cause?: unknown
  /**
   * What to type at the command line to do what the sentence says, such as `--batch, --accumulate`. The sentence itself is
   * read in the editor too, and names settings by their keys.
   */
  readonly flags?: string | undefined
}

/**
 * An error that a person can act on: one sentence that names the file or setting, what is wrong with it and
 * what to do. Shown without a stack trace. Anything else that is thrown is a bug of ours and keeps its trace.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError'
  /** 1: the work failed; 2: the command or setting itself is wrong. */
  readonly exitCode: 1 | 2
  readonly flags: string | undefined

  constructor(message: string, options: UserErrorOptions & { exitCode?: 1 | 2 } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.exitCode = options.exitCode ?? 1
    this.flags = options.flags
  }
}

/** A command line or setting that cannot mean anything: exit code 2. */
export class UsageError extends UserError {
  override readonly name = 'UsageError'
  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, { ...options, exitCode: 2 })
  }
}

/**
 * An error that the editor shows in the person's language: an English sentence with places `{0}`, `{1}` for values. Read
 * where there is no translation: at the command line, in the log.
 */
export class Sentence extends UserError {
  override readonly name = 'Sentence'
  /** The sentence with its places; also its key in the translations. */
  readonly template: string
  readonly values: readonly (string | number)[]

  constructor(template: string, ...values: readonly (string | number)[]) {
    super(template.replace(/\{(\d+)\}/g, (place, index) => String(values[Number(index)] ?? place)))
    this.template = template
    this.values = values
  }
}

/** What is left of a {@link Sentence} that crosses a process border: the cause of an error. */
export type SentenceParts = Pick<Sentence, 'template' | 'values'>

/** Thrown when a person stopped the work (Ctrl-C, a cancel button): not a failure, what is done is kept. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError'
  constructor(message = 'Stopped on request.') {
    super(message)
  }
}

/** Throws {@link CancelledError} when the signal was aborted. */
export function throwIfCancelled(signal?: AbortSignal): void {
  if (signal?.aborted) throw new CancelledError()
}

/** What an unknown thrown value says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const SYSTEM_REASONS: Record<string, string> = {
  ENOENT: 'it does not exist; check the path',
  EACCES: 'permission is denied; choose another place or change its permissions',
  EPERM: 'permission is denied; choose another place or change its permissions',
  EROFS: 'the disk is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space and run again',
  EDQUOT: 'the disk quota is used up; free some space and run again',
  EISDIR: 'it is a folder, a file is needed',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'it already exists',
  EMFILE: 'too many files are open; close some programs and run again',
  ENFILE: 'too many files are open; close some programs and run again',
  ENAMETOOLONG: 'its name is too long; choose a shorter one',
  ELOOP: 'its links lead in a circle; check the path',
  EIO: 'the disk reports a failure; check the disk or copy the file to another one',
  ENXIO: 'the device is gone; check that the disk is connected',
  ENODEV: 'the device is gone; check that the disk is connected',
  ESTALE: 'the network folder was lost; connect it again',
  EHOSTDOWN: 'the network folder cannot be reached; connect it again',
  ETIMEDOUT: 'the disk or network folder does not answer; check the connection',
  EBUSY: 'another program is using it; close that program and run again',
  ETXTBSY: 'another program is using it; close that program and run again',
  EFBIG: 'the disk cannot hold a file this large; choose another disk',
  EXDEV: 'it would have to move to another disk; choose another place',
  EINVAL: 'the name or the disk does not allow it; choose another name or place',
  ENOMEM: 'the memory is used up; close some programs and run again',
}

/** Turns a system error (ENOSPC, EACCES, ...) about `path` into one sentence; other errors pass unchanged. */
export function explainSystemError(error: unknown, action: string, path: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  const reason = code === undefined ? undefined : SYSTEM_REASONS[code]
  return reason === undefined
    ? error
    : new UserError(`Cannot ${action} ${path}: ${reason}.`, { cause: error })
}
