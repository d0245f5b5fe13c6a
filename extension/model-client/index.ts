/** The model process as the extension sees it: started when needed, restarted when lost. */
export { type ClientOptions, ProcessClient } from './client.ts'
export { ProcessLostError } from './connection.ts'
export type { ModelClient, PictureWant, ProcessState } from './types.ts'
