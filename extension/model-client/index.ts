/** The model process as the extension sees it: started when needed, restarted when lost. */
export { type ClientOptions, ProcessClient } from './client.ts'
export { type Connection, connect, ProcessLostError, WindowClosing } from './connection.ts'
export { Restarts } from './restarts.ts'
export type { ModelClient, PictureWant, ProcessState } from './types.ts'
