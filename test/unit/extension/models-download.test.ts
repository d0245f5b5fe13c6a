/** Protects: a download ends as exactly the published file or as one sentence, whatever the server does meanwhile. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { catalogueSchema, readCatalogue } from '../../../extension/models/catalogue.ts'
import { type DownloadOptions, download } from '../../../extension/models/download.ts'
import { encoderConfig, encoderLayout } from '../../../model/siammae/index.ts'
import { root } from '../../support/cli.ts'

const file = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255))
const sha256 = createHash('sha256').update(file).digest('hex')
const md5 = createHash('md5').update(file).digest('hex')

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let server: Server
let base = ''
let handle: Handler
let asked: { readonly url: string; readonly range: string | undefined }[] = []
let home = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url!, range: request.headers.range })
    handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'siammae-download-'))
  asked = []
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const target = (): string => join(home, 'downloads', 'model.pth')

function run(options: Partial<DownloadOptions> = {}): Promise<void> {
  return download({
    url: `${base}/model.pth`,
    target: target(),
    bytes: file.length,
    sha256,
    signal: new AbortController().signal,
    pause: 5,
    ...options,
  })
}

/** A server that can continue; it hangs up after `cut` bytes of an answer. */
function serve({
  cut,
  ranges = true,
  etag = '"one"',
  body = file,
}: {
  cut?: number
  ranges?: boolean
  etag?: string
  body?: Buffer
} = {}): Handler {
  return (request, response) => {
    const wanted = ranges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null
    const same = request.headers['if-range'] === etag
    const start = wanted && same ? Number(wanted[1]) : 0
    if (start >= body.length) {
      response.writeHead(416).end()
      return
    }
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(body.length - start),
      ...(ranges && { etag }),
      ...(start > 0 && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    }
    response.writeHead(start > 0 ? 206 : 200, headers)
    if (cut === undefined || cut >= body.length - start) response.end(body.subarray(start))
    // A moment later, so that what was sent arrives: a reset throws away what is on its way.
    else response.write(body.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 50))
  }
}

/** Nothing but the file is left. */
function expectFile(): void {
  expect(readFileSync(target()).equals(file)).toBe(true)
  expect(readdirSync(join(home, 'downloads'))).toEqual(['model.pth'])
}

describe('a download', () => {
  test('gives the file, and says how far it is', async () => {
    handle = serve()
    const told: number[] = []
    await run({ md5Starts: md5.slice(0, 6), onProgress: (done, total) => told.push(done / total!) })
    expectFile()
    expect(told.at(-1)).toBe(1)
    expect(told).toEqual([...told].sort((a, b) => a - b))
  })

  test('goes on where the connection was cut, as often as it is', async () => {
    handle = serve({ cut: 40_000 })
    await run()
    expectFile()
    expect(asked.length).toBeGreaterThan(6)
    expect(asked.slice(1).every(({ range }) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true)
  })

  test('begins anew where the server cannot continue', async () => {
    let answers = 0
    handle = (request, response) =>
      serve({ ranges: false, ...(++answers < 3 && { cut: 90_000 }) })(request, response)
    await run()
    expectFile()
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined, undefined])
  })

  test('begins anew where the file on the server has changed', async () => {
    const other = Buffer.from(file).fill(7)
    let answers = 0
    handle = (request, response) =>
      ++answers === 1
        ? serve({ cut: 100_000, etag: '"old"', body: other })(request, response)
        : serve({ etag: '"new"' })(request, response)
    await run()
    expectFile()
  })

  test('that was cancelled keeps its part, and the next one goes on from it', async () => {
    const stop = new AbortController()
    handle = serve({ cut: 60_000 })
    await expect(
      run({ signal: stop.signal, onProgress: (done) => done >= 60_000 && stop.abort() }),
    ).rejects.toMatchObject({ name: 'CancelledError' })
    expect(existsSync(target())).toBe(false)
    asked = []
    handle = serve()
    await run()
    expectFile()
    expect(asked[0]!.range).toMatch(/^bytes=[1-9]/)
  })

  test('follows redirects, and never away from encryption', async () => {
    handle = (request, response) => {
      if (request.url === '/file') serve()(request, response)
      else response.writeHead(302, { location: '/file' }).end()
    }
    await run()
    expectFile()
    rmSync(target())
    handle = (_, response) => response.writeHead(301, { location: 'http://example.org/file' }).end()
    await expect(run()).rejects.toThrow('The file would come from example.org without encryption')
    handle = (_, response) => response.writeHead(302, { location: '/again' }).end()
    await expect(run()).rejects.toThrow(/from address to address without end/)
    await expect(run({ url: 'http://example.org/x' })).rejects.toThrow(/without encryption/)
    await expect(run({ url: 'file:///etc/passwd' })).rejects.toThrow(/without encryption/)
    expect(existsSync(target())).toBe(false)
  })

  test.each([
    [
      'another checksum',
      { body: Buffer.from(file).fill(1, 1000, 1001) },
      /another checksum than its publisher/,
    ],
    ['far fewer bytes', { body: file.subarray(0, 200_000) }, /has 200000 bytes instead of about 300000/],
  ])('of a file with %s leaves nothing', async (_, served, sentence) => {
    handle = serve(served)
    await expect(run()).rejects.toThrow(sentence)
    expect(readdirSync(join(home, 'downloads')).filter((name) => name !== 'model.pth.part.from')).toEqual([])
  })

  test('checks the start of an MD5 sum where only that is known', async () => {
    handle = serve()
    await expect(run({ sha256: undefined, md5Starts: 'ffffff' })).rejects.toThrow(/another checksum/)
    await run({ sha256: undefined, md5Starts: md5.slice(0, 6) })
    expectFile()
  })

  test('a part that is wrong is thrown away, not continued for ever', async () => {
    handle = serve()
    mkdirSync(join(home, 'downloads'))
    writeFileSync(`${target()}.part`, Buffer.alloc(file.length, 3))
    writeFileSync(`${target()}.part.from`, '"one"')
    await expect(run()).rejects.toThrow(/another checksum/)
    await run()
    expectFile()
  })

  test('says what the server answers', async () => {
    handle = (_, response) => response.writeHead(404).end('gone')
    await expect(run()).rejects.toThrow(/does not give the file \(answer 404\)/)
    handle = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    await expect(run()).rejects.toThrow(/answered with a web page instead of the file/)
    asked = []
    handle = (_, response) => response.writeHead(503).end()
    await expect(run()).rejects.toThrow(/was lost \(127\.0\.0\.1:\d+ answered 503\)/)
    expect(asked).toHaveLength(5)
  })

  test('gives a connection up that gives nothing any more', async () => {
    handle = (_, response) => {
      response.writeHead(200, { 'content-length': String(file.length), etag: '"one"' })
      response.write(file.subarray(0, 1000))
    }
    await expect(run({ stall: 150 })).rejects.toThrow(/was lost \(nothing came any more\)/)
    server.closeAllConnections()
  })

  test('is refused where the disk has not the room', async () => {
    handle = serve()
    await expect(run({ bytes: 2 ** 50 })).rejects.toThrow(/free some space and try again/)
    expect(asked).toEqual([])
  })

  test('of two at the same time only one is done', async () => {
    handle = serve()
    const both = await Promise.allSettled([run(), run()])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { message: 'This model is being downloaded already.' },
    })
    expectFile()
    // A window that died leaves its lock behind.
    rmSync(target())
    writeFileSync(`${target()}.part.lock`, '999999999')
    await run()
    expectFile()
  })
})

describe('the catalogue', () => {
  const path = join(root, 'media', 'models', 'catalogue.json')

  test('is sound, and every model says where it is from and under which licence', async () => {
    const models = await readCatalogue(path)
    expect(models.length).toBeGreaterThan(10)
    for (const { page, licence } of models) {
      expect(page).toMatch(/^https:\/\/(github\.com|huggingface\.co)\//)
      expect(licence).toMatch(/^(unknown|MIT|Apache-2\.0|CC-BY-NC-4\.0)$/)
    }
  })

  test('names sizes that hold the parameters of the model', async () => {
    for (const { id, size, family, download: source } of await readCatalogue(path)) {
      if (source === undefined) continue
      const [, name, patch] = /^ViT-(S|B|L)\/(\d+)$/.exec(size)!
      const grid = family === 'DINOv2' ? 37 : Math.floor(224 / Number(patch))
      const config = encoderConfig(name as 'S' | 'B' | 'L', Number(patch), { positionGrid: grid })
      let bytes = 0
      for (const shape of encoderLayout(config).values()) bytes += 4 * shape.reduce((a, b) => a * b, 1)
      // A file may hold a decoder too; none holds less than its encoder.
      expect(source.bytes / bytes, id).toBeGreaterThan(0.99)
      expect(source.bytes / bytes, id).toBeLessThan(family === 'VideoMAE' ? 1.2 : 1.03)
    }
  })

  test('refuses what would be wrong', () => {
    const { models } = JSON.parse(readFileSync(path, 'utf8'))
    const refused = (change: object) =>
      expect(
        v.safeParse(catalogueSchema, { version: 1, models: [{ ...models[0], ...change }] }).success,
      ).toBe(false)
    refused({ page: 'http://example.org' })
    refused({ download: { ...models[0].download, sha256: 'abc' } })
    refused({ byHand: 'https://example.org' })
    refused({ download: undefined })
    expect(v.safeParse(catalogueSchema, { version: 1, models: [models[0], models[0]] }).success).toBe(false)
  })
})
