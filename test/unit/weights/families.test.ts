/** Every family, whatever its names and foldings, gives the features that its own arithmetic gives. */
import { mkdtempSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine, onHost } from '../../../model/runtime/index.ts'
import {
  type EncoderConfig,
  encoderGraph,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type Parameters,
  seededRandom,
  sinePositions,
} from '../../../model/siammae/index.ts'
import { type ImportOptions, importEncoder, readEncoder, writeEncoder } from '../../../model/weights/index.ts'
import {
  flat,
  type Nested,
  npz,
  safetensors,
  type Tensor,
  torchLegacy,
  torchZip,
} from '../../support/checkpoints.ts'
import { type PlainVit, plainVit } from '../../support/plain-vit.ts'
import { expectClose } from '../../support/tensors.ts'

const DIM = 12
const HEADS = 3
const DEPTH = 2
const PATCH = 4
const GRID = 4
const SIDE = PATCH * GRID

const folder = mkdtempSync(join(tmpdir(), 'siammae-families-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const random = seededRandom(11)
const tensor = (shape: readonly number[], size = 0.3, around = 0): Tensor => ({
  shape,
  values: Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => around + size * random.normal(),
  ),
})

type Net = Record<string, Tensor>

/** The trunk that all families share. */
function trunk(
  more: (block: string) => Net = (block) => ({
    [`${block}.attn.qkv.weight`]: tensor([3 * DIM, DIM]),
    [`${block}.attn.qkv.bias`]: tensor([3 * DIM]),
  }),
): Net {
  const net: Net = {}
  for (let i = 0; i < DEPTH; i++) {
    const block = `blocks.${i}`
    Object.assign(net, {
      [`${block}.norm1.weight`]: tensor([DIM], 0.1, 1),
      [`${block}.norm1.bias`]: tensor([DIM]),
      ...more(block),
      [`${block}.attn.proj.weight`]: tensor([DIM, DIM]),
      [`${block}.attn.proj.bias`]: tensor([DIM]),
      [`${block}.norm2.weight`]: tensor([DIM], 0.1, 1),
      [`${block}.norm2.bias`]: tensor([DIM]),
      [`${block}.mlp.fc1.weight`]: tensor([4 * DIM, DIM]),
      [`${block}.mlp.fc1.bias`]: tensor([4 * DIM]),
      [`${block}.mlp.fc2.weight`]: tensor([DIM, 4 * DIM]),
      [`${block}.mlp.fc2.bias`]: tensor([DIM]),
    })
  }
  return net
}

const image = (): Net => ({
  cls_token: tensor([1, 1, DIM]),
  pos_embed: tensor([1, 1 + GRID * GRID, DIM]),
  'patch_embed.proj.weight': tensor([DIM, 3, PATCH, PATCH]),
  'patch_embed.proj.bias': tensor([DIM]),
})
const lastNorm = (name = 'norm'): Net => ({
  [`${name}.weight`]: tensor([DIM], 0.1, 1),
  [`${name}.bias`]: tensor([DIM]),
})
const decoder = (): Net => ({
  'decoder_embed.weight': tensor([8, DIM]),
  'decoder_embed.bias': tensor([8]),
  mask_token: tensor([1, 1, 8]),
  decoder_pos_embed: tensor([1, 17, 8]),
  'decoder_norm.weight': tensor([8]),
  'decoder_pred.weight': tensor([48, 8]),
})

const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 37 + (i * i) / 11) & 255)

/** The network as its own code would run it, where positions and [CLS] are those of an image model. */
function plain(net: Net, change: Partial<PlainVit> = {}): PlainVit {
  const cls = net.cls_token?.values
  const table = net.pos_embed?.values
  return {
    tensors: new Map(Object.entries(net)),
    heads: HEADS,
    depth: DEPTH,
    patch: PATCH,
    mean: IMAGENET_MEAN,
    std: IMAGENET_STD,
    positions: table ? table.subarray(table.length - GRID * GRID * DIM) : [],
    prefix: cls && table ? cls.map((value, i) => value + table[i]!) : [],
    ...change,
  }
}

/** A tensor with its axes in another order. */
function axes({ shape, values }: Tensor, order: readonly number[]): Tensor {
  const turned = order.map((axis) => shape[axis]!)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const result = values.map((_, i) => {
    let rest = i
    let from = 0
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += (rest % turned[axis]!) * strides[order[axis]!]!
      rest = Math.floor(rest / turned[axis]!)
    }
    return values[from]!
  })
  return { shape: turned, values: result }
}

let files = 0
async function imported(bytes: Uint8Array, options: ImportOptions = {}) {
  const path = join(folder, `checkpoint-${files++}`)
  await writeFile(path, bytes)
  return importEncoder(path, { heads: HEADS, ...options })
}

describe('families', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await Engine.start('cpu')
  })
  afterAll(() => engine.close())

  async function features({ config, parameters }: { config: EncoderConfig; parameters: Parameters }) {
    const program = await engine.load(
      encoderGraph(config, parameters, { height: SIDE, width: SIDE }, ['tokens']),
    )
    const result = await engine.run(program, {
      image: { dtype: 'uint8', shape: [SIDE, SIDE, 3], data: pixels },
    })
    await engine.unload(program)
    return onHost(result.tokens).data as Float32Array
  }

  const cases: [arch: string, net: () => Net, own?: (net: Net) => Partial<PlainVit>][] = [
    ['dino', () => ({ ...image(), ...trunk(), ...lastNorm() })],
    [
      'mae',
      () => ({
        ...image(),
        ...trunk(),
        ...lastNorm(),
        ...decoder(),
        'decoder_blocks.0.attn.qkv.weight': tensor([24, 8]),
      }),
    ],
    [
      'cropmae',
      () => ({
        ...image(),
        ...trunk(),
        ...lastNorm(),
        ...decoder(),
        'decoder_blocks.0.multihead_attn.in_proj_weight': tensor([24, 8]),
        'decoder_blocks.0.self_attn.in_proj_weight': tensor([24, 8]),
        'decoder_blocks.0.linear1.weight': tensor([32, 8]),
      }),
    ],
    [
      'catmae',
      () => ({
        ...image(),
        ...trunk(),
        ...lastNorm(),
        ...decoder(),
        decoder_frame_info: tensor([2, 1, 1, 8]),
      }),
    ],
    [
      'rsp',
      () => ({
        ...image(),
        ...trunk(),
        ...lastNorm(),
        mask_token: tensor([1, 1, 8]),
        'to_posterior.0.weight': tensor([24, 24]),
        'to_prior.0.weight': tensor([24, 12]),
        'decoder_embed_deter.weight': tensor([8, DIM]),
        'decoder_blocks.0.cattn.q.weight': tensor([8, 8]),
      }),
    ],
    [
      'timm',
      () => ({
        ...image(),
        ...trunk(),
        ...lastNorm('fc_norm'),
        'head.weight': tensor([5, DIM]),
        'head.bias': tensor([5]),
      }),
    ],
    [
      'dinov2',
      () => ({
        ...image(),
        ...trunk((block) => ({
          [`${block}.attn.qkv.weight`]: tensor([3 * DIM, DIM]),
          [`${block}.attn.qkv.bias`]: tensor([3 * DIM]),
          [`${block}.ls1.gamma`]: tensor([DIM], 0.5, 0.2),
          [`${block}.ls2.gamma`]: tensor([DIM], 0.5, 0.2),
        })),
        ...lastNorm(),
        mask_token: tensor([1, DIM]),
        register_tokens: tensor([1, 4, DIM]),
      }),
      (net) => ({
        prefix: [
          ...net.cls_token!.values.map((value, i) => value + net.pos_embed!.values[i]!),
          ...net.register_tokens!.values,
        ],
      }),
    ],
    [
      'videomae',
      () => ({
        'patch_embed.proj.weight': tensor([DIM, 3, 2, PATCH, PATCH]),
        'patch_embed.proj.bias': tensor([DIM]),
        ...trunk((block) => ({
          [`${block}.attn.qkv.weight`]: tensor([3 * DIM, DIM]),
          [`${block}.attn.q_bias`]: tensor([DIM]),
          [`${block}.attn.v_bias`]: tensor([DIM]),
          [`${block}.gamma_1`]: tensor([DIM], 0.5, 0.2),
          [`${block}.gamma_2`]: tensor([DIM], 0.5, 0.2),
        })),
        ...lastNorm(),
      }),
    ],
    [
      'mae-st',
      () => ({
        cls_token: tensor([1, 1, DIM]),
        pos_embed_class: tensor([1, 1, DIM]),
        pos_embed_spatial: tensor([1, GRID * GRID, DIM]),
        pos_embed_temporal: tensor([1, 8, DIM]),
        'patch_embed.proj.weight': tensor([DIM, 3, 2, PATCH, PATCH]),
        'patch_embed.proj.bias': tensor([DIM]),
        ...trunk((block) =>
          Object.fromEntries(
            ['q', 'k', 'v'].flatMap((which) => [
              [`${block}.attn.${which}.weight`, tensor([DIM, DIM])],
              [`${block}.attn.${which}.bias`, tensor([DIM])],
            ]),
          ),
        ),
        ...lastNorm(),
        ...decoder(),
        decoder_pos_embed_spatial: tensor([1, 16, 8]),
      }),
      (net) => ({
        mean: [0.45, 0.45, 0.45],
        std: [0.225, 0.225, 0.225],
        prefix: net.cls_token!.values.map((value, i) => value + net.pos_embed_class!.values[i]!),
        // The first frames of a clip: place in the picture plus the first place in time.
        positions: net.pos_embed_spatial!.values.map(
          (value, i) => value + net.pos_embed_temporal!.values[i % DIM]!,
        ),
      }),
    ],
  ]

  it.each(cases)('%s', async (arch, make, own) => {
    const net = make()
    const { model, report } = await imported(safetensors(net))
    expect(report.arch).toBe(arch)
    if (arch === 'videomae') {
      // Its files have no positions; the grid is that of pictures of 224 pixels, of which this test looks at a corner.
      expect(model.config).toMatchObject({ classToken: false, positionGrid: 56 })
      const positions = sinePositions(DIM, 56 * 56)
      const table = model.parameters.get('pos_embed')!
      expect(table.subarray(DIM)).toEqual(positions)
      const corner = sinePositions(DIM, GRID * GRID)
      const small = new Map(model.parameters).set(
        'pos_embed',
        new Float32Array([...new Float32Array(DIM), ...corner]),
      )
      const config = { ...model.config, positionGrid: GRID }
      const expected = plainVit(plain(net, { positions: corner }), pixels, SIDE)
      expectClose(await features({ config, parameters: small }), expected, 2e-5)
      return
    }
    expect(model.config.positionGrid).toBe(GRID)
    expectClose(await features(model), plainVit(plain(net, own?.(net)), pixels, SIDE), 2e-5)
  })

  const split = (): Net =>
    trunk((block) =>
      Object.fromEntries(
        ['q', 'k', 'v'].flatMap((which) => [
          [`${block}.attn.${which}.weight`, tensor([DIM, DIM])],
          [`${block}.attn.${which}.bias`, tensor([DIM])],
        ]),
      ),
    )

  /** A network under the names of Hugging Face's transformers. @param dinov2 whether blocks are named as Dinov2Model's */
  function huggingFace(net: Net, dinov2 = false): Net {
    const names: [RegExp, string][] = [
      [/^patch_embed\.proj\./, 'embeddings.patch_embeddings.projection.'],
      [/^pos_embed$/, 'embeddings.position_embeddings'],
      [/^(cls_token|mask_token|register_tokens)$/, 'embeddings.$1'],
      [/^norm\./, 'layernorm.'],
      [/\.attn\.q\./, '.attention.attention.query.'],
      [/\.attn\.k\./, '.attention.attention.key.'],
      [/\.attn\.v\./, '.attention.attention.value.'],
      [/\.attn\.([qv]_bias)$/, '.attention.attention.$1'],
      [/\.attn\.proj\./, '.attention.output.dense.'],
      [/\.ls([12])\.gamma/, '.layer_scale$1.lambda1'],
      ...(dinov2
        ? []
        : ([
            [/\.norm1\./, '.layernorm_before.'],
            [/\.norm2\./, '.layernorm_after.'],
            [/\.mlp\.fc1\./, '.intermediate.dense.'],
            [/\.mlp\.fc2\./, '.output.dense.'],
          ] as [RegExp, string][])),
      [/^blocks\./, 'encoder.layer.'],
    ]
    return Object.fromEntries(
      Object.entries(net).map(([name, value]) => [
        names.reduce((text, [pattern, to]) => text.replace(pattern, to), name),
        value,
      ]),
    )
  }

  it("under the names of Hugging Face's ViT and ViTMAE", async () => {
    const net = { ...image(), ...split(), ...lastNorm() }
    const { model, report } = await imported(
      safetensors({
        vit: huggingFace(net),
        decoder: { decoder_embed: { weight: tensor([8, DIM]) }, mask_token: tensor([1, 1, 8]) },
      }),
    )
    expect(report).toMatchObject({ part: 'vit.', arch: 'dino' })
    expect(report.notes.join()).toMatch(/names of Hugging Face's transformers.*the normalisation called half/)
    expect(report.mapped).toContainEqual({
      parameter: 'blocks.*.attn.qkv.weight',
      from: ['query', 'key', 'value'].map((part) => `encoder.layer.*.attention.attention.${part}.weight`),
      how: 'joined',
      count: DEPTH,
    })
    expect(model.config.layerNormEpsilon).toBe(1e-12)
    expectClose(await features(model), plainVit(plain(net), pixels, SIDE), 2e-5)
    const pooled = { ...huggingFace(net), 'pooler.dense.weight': tensor([DIM, DIM]) }
    expect((await imported(safetensors(pooled))).model.hash).toBe(model.hash)
    await expect(
      imported(safetensors({ ...huggingFace(net), 'encoder.layer.0.rotary.weight': tensor([4]) })),
    ).rejects.toThrow(/would change the features .*encoder\.layer\.0\.rotary\.weight/)
  })

  it("under the names of Hugging Face's Dinov2 with registers", async () => {
    const net: Net = {
      ...image(),
      ...split(),
      ...lastNorm(),
      mask_token: tensor([1, DIM]),
      register_tokens: tensor([1, 4, DIM]),
    }
    for (let i = 0; i < DEPTH; i++)
      for (const half of [1, 2]) net[`blocks.${i}.ls${half}.gamma`] = tensor([DIM], 0.5, 0.2)
    const { model, report } = await imported(safetensors({ dinov2: huggingFace(net, true) }))
    expect(report.arch).toBe('dinov2')
    expect(model.config).toMatchObject({ registers: 4, layerNormEpsilon: 1e-6 })
    const prefix = [
      ...net.cls_token!.values.map((value, i) => value + net.pos_embed!.values[i]!),
      ...net.register_tokens!.values,
    ]
    expectClose(await features(model), plainVit(plain(net, { prefix }), pixels, SIDE), 2e-5)
  })

  it("under the names of Hugging Face's VideoMAE", async () => {
    const rest: Net = {
      'patch_embed.proj.weight': tensor([DIM, 3, 2, PATCH, PATCH]),
      'patch_embed.proj.bias': tensor([DIM]),
      ...trunk((block) => ({
        [`${block}.attn.q_bias`]: tensor([DIM]),
        [`${block}.attn.v_bias`]: tensor([DIM]),
      })),
      ...lastNorm(),
    }
    const whole: Net = { ...rest }
    const parts: Net = { ...rest }
    for (let i = 0; i < DEPTH; i++) {
      const { values } = tensor([3 * DIM, DIM])
      whole[`blocks.${i}.attn.qkv.weight`] = { shape: [3 * DIM, DIM], values }
      ;['q', 'k', 'v'].forEach((part, k) => {
        const piece = values.subarray(k * DIM * DIM, (k + 1) * DIM * DIM)
        parts[`blocks.${i}.attn.${part}.weight`] = { shape: [DIM, DIM], values: piece }
      })
    }
    const { model, report } = await imported(safetensors({ videomae: huggingFace(parts) }))
    expect(report.arch).toBe('videomae')
    expect(model.parameters).toEqual((await imported(safetensors(whole))).model.parameters)
  })

  it("under the names of Google's vision_transformer, stored inputs first", async () => {
    const net = { ...image(), ...split(), ...lastNorm() }
    const names: [RegExp, string][] = [
      [/^patch_embed\.proj\.weight$/, 'embedding/kernel'],
      [/^patch_embed\.proj\.bias$/, 'embedding/bias'],
      [/^cls_token$/, 'cls'],
      [/^pos_embed$/, 'Transformer/posembed_input/pos_embedding'],
      [/^norm\.weight$/, 'Transformer/encoder_norm/scale'],
      [/^norm\.bias$/, 'Transformer/encoder_norm/bias'],
      [/^blocks\.(\d+)\./, 'Transformer/encoderblock_$1/'],
      [/norm1\.weight$/, 'LayerNorm_0/scale'],
      [/norm1\.bias$/, 'LayerNorm_0/bias'],
      [/norm2\.weight$/, 'LayerNorm_2/scale'],
      [/norm2\.bias$/, 'LayerNorm_2/bias'],
      [/attn\.q\./, 'MultiHeadDotProductAttention_1/query/'],
      [/attn\.k\./, 'MultiHeadDotProductAttention_1/key/'],
      [/attn\.v\./, 'MultiHeadDotProductAttention_1/value/'],
      [/attn\.proj\./, 'MultiHeadDotProductAttention_1/out/'],
      [/mlp\.fc1\./, 'MlpBlock_3/Dense_0/'],
      [/mlp\.fc2\./, 'MlpBlock_3/Dense_1/'],
      [/\/weight$/, '/kernel'],
    ]
    const width = DIM / HEADS
    const stored = (name: string, { shape, values }: Tensor): Tensor => {
      if (/attn\.[qkv]\.bias/.test(name)) return { shape: [HEADS, width], values }
      if (name === 'patch_embed.proj.weight') return axes({ shape, values }, [2, 3, 1, 0])
      if (shape.length !== 2 || !/weight$/.test(name)) return { shape, values }
      const turned = axes({ shape, values }, [1, 0])
      if (/attn\.[qkv]/.test(name)) return { ...turned, shape: [DIM, HEADS, width] }
      return /attn\.proj/.test(name) ? { ...turned, shape: [HEADS, width, DIM] } : turned
    }
    const google = Object.fromEntries(
      Object.entries(net).map(([name, value]) => [
        names.reduce((text, [pattern, to]) => text.replace(pattern, to), name),
        stored(name, value),
      ]),
    )
    const { model, report } = await imported(npz({ ...google, 'head/kernel': tensor([DIM, 5]) }))
    expect(report.mapped).toContainEqual({
      parameter: 'blocks.*.mlp.fc1.weight',
      from: ['Transformer/encoderblock_*/MlpBlock_3/Dense_0/kernel'],
      how: 'as it is',
      count: DEPTH,
    })
    const half = [0.5, 0.5, 0.5]
    expectClose(await features(model), plainVit(plain(net, { mean: half, std: half }), pixels, SIDE), 2e-5)
  })

  it('of clips with an ordinary table take the part of the first frames', async () => {
    const net = cases.find(([arch]) => arch === 'mae-st')![1]()
    delete net.pos_embed_spatial
    delete net.pos_embed_temporal
    delete net.pos_embed_class
    const { model } = await imported(safetensors({ ...net, pos_embed: tensor([1, 1 + 2 * 56 * 56, DIM]) }))
    expect(model.config.positionGrid).toBe(56)
  })

  it('are found in any container, behind any prefix, with the same hash', async () => {
    const net: Nested = { ...image(), ...trunk(), ...lastNorm() }
    const hashes = new Set<string>()
    const checkpoints: Nested[] = [
      net,
      { model: net },
      {
        state_dict: {
          'module.base_encoder': net,
          'module.momentum_encoder': { ...image(), ...trunk(), ...lastNorm() },
        },
      },
      {
        student: { module: { backbone: { ...image(), ...trunk(), ...lastNorm() } } },
        teacher: { backbone: net },
        epoch: 3,
      },
      { model: { encoder: net, decoder: { 'blocks.0.norm1.weight': tensor([8]) } } },
    ]
    for (const nested of checkpoints)
      for (const write of [torchZip, torchLegacy, safetensors, npz, (all: Nested) => npz(all, true)])
        hashes.add((await imported(write(nested))).model.hash)
    expect(hashes.size).toBe(1)
  })

  it('say which of several networks was taken, and take another one when asked', async () => {
    const [teacher, student] = [1, 2].map(() => ({ ...image(), ...trunk(), ...lastNorm() }) as Nested)
    const bytes = torchZip({
      student: { 'module.backbone': student!, 'module.head': { 'mlp.0.weight': tensor([3, DIM]) } },
      teacher: { backbone: teacher! },
      optimizer: { state: { 0: { exp_avg: tensor([DIM]) } } },
    })
    const { report, model } = await imported(bytes)
    expect(report).toMatchObject({ part: 'teacher.backbone.', otherParts: ['student.module.backbone.'] })
    const reasons = report.ignored.map(({ why }) => why)
    expect(reasons).toContain('state of the optimiser')
    expect(reasons).toContain('another network of the file, student.module.backbone')
    expect(model.parameters.get('norm.bias')).toEqual(flat(teacher!).get('norm.bias')!.values)
    const other = await imported(bytes, { part: 'student' })
    expect(other.model.parameters.get('norm.bias')).toEqual(flat(student!).get('norm.bias')!.values)
    await expect(imported(bytes, { part: 'ema' })).rejects.toThrow(
      /no network called "ema"; it has teacher\.backbone\., student\.module\.backbone\./,
    )
  })

  it('of DINOv2 may have their blocks in chunks, and positions for their registers', async () => {
    const [, make] = cases.find(([arch]) => arch === 'dinov2')!
    const net = make()
    const whole = (await imported(safetensors(net))).model
    const chunked = Object.fromEntries(
      Object.entries(net).map(([name, value]) => [name.replace(/^blocks\.(\d)/, 'blocks.$1.$1'), value]),
    )
    expect((await imported(safetensors(chunked))).model.hash).toBe(whole.hash)

    const { register_tokens: registers, pos_embed: table, ...rest } = net
    const more = tensor([4, DIM])
    const positions = new Float32Array([
      ...table!.values.subarray(0, DIM),
      ...more.values,
      ...table!.values.subarray(DIM),
    ])
    const timm = { ...rest, reg_token: registers!, pos_embed: { shape: [1, 21, DIM], values: positions } }
    const { model, report } = await imported(safetensors(timm), { family: 'timm' })
    expect(report.arch).toBe('timm')
    expect(model.parameters.get('register_tokens')).toEqual(
      registers!.values.map((value, i) => value + more.values[i]!),
    )
    expect(model.parameters.get('pos_embed')).toEqual(table!.values)
  })

  it('come back from the written file, with origin and hash of the original', async () => {
    const { model, report } = await imported(
      torchZip({ model: { ...image(), ...trunk(), ...lastNorm() } as Nested }),
      {
        licence: 'CC BY 4.0',
      },
    )
    const out = join(folder, 'out.safetensors')
    await writeEncoder(out, model)
    const read = await readEncoder(out)
    expect(read.hash).toBe(model.hash)
    expect(read.metadata).toMatchObject({
      'import.file': report.file,
      'import.sha256': report.sha256,
      'import.arch': 'dino',
      licence: 'CC BY 4.0',
    })
    const again = await importEncoder(out)
    expect(again.report.arch).toBe('siammae')
    expect(again.model.hash).toBe(model.hash)
  })

  it('that are unknown, incomplete or stranger than they look are refused with what is wrong', async () => {
    const net = { ...image(), ...trunk(), ...lastNorm() }
    const { 'norm.bias': _, ...incomplete } = net
    const refused = (nested: Nested, message: RegExp, options: ImportOptions = {}) =>
      expect(imported(safetensors(nested), options)).rejects.toThrow(message)
    await refused(
      { 'layer1.0.conv1.weight': tensor([4, 3, 3, 3]), 'fc.weight': tensor([2, 4]) },
      /no family that is known here. Its first tensors are layer1\.0\.conv1\.weight, fc\.weight\. Known are mae-st, videomae/,
    )
    await refused(incomplete, /has no tensor norm\.bias, which DINO/)
    await refused(
      { ...net, 'blocks.0.attn.q_norm.weight': tensor([4]) },
      /would change the features .*q_norm\.weight/,
    )
    await refused({ ...net, 'rope.freqs': tensor([4]) }, /would change the features/)
    await refused({ ...net, 'blocks.0.mlp.w12.weight': tensor([4, DIM]) }, /SwiGLU/)
    await refused({ ...net, pos_embed: tensor([1, 24, DIM]) }, /position table is of no square/)
    await refused(
      { ...net, cls_token: tensor([1, 1, DIM + 1]) },
      /cls_token has the shape \[1,1,13\] where \[1,1,12\]/,
    )
    await refused(
      { ...net, 'norm.bias': { shape: [DIM], values: new Float32Array(DIM).fill(Number.NaN) } },
      /not finite/,
    )
    await refused(net, /how many attention heads a network of 12 channels .*Say how many/, {
      heads: undefined,
    })
  })

  it('that unpack to far more than the file are refused before they are read', async () => {
    const dim = 1024
    // One stored value, repeated by strides of 0.
    const zeros = (shape: readonly number[]): Tensor => ({
      shape,
      values: new Float32Array(1),
      strides: shape.map(() => 0),
    })
    const bomb: Net = {
      cls_token: zeros([1, 1, dim]),
      pos_embed: zeros([1, 17, dim]),
      'patch_embed.proj.weight': zeros([dim, 3, PATCH, PATCH]),
      'norm.weight': zeros([dim]),
      'norm.bias': zeros([dim]),
      'blocks.0.norm1.weight': zeros([dim]),
      'blocks.0.norm1.bias': zeros([dim]),
      'blocks.0.norm2.weight': zeros([dim]),
      'blocks.0.norm2.bias': zeros([dim]),
      'blocks.0.attn.qkv.weight': zeros([3 * dim, dim]),
      'blocks.0.attn.proj.weight': zeros([dim, dim]),
      'blocks.0.mlp.fc1.weight': zeros([8 * dim, dim]),
      'blocks.0.mlp.fc2.weight': zeros([dim, 8 * dim]),
    }
    await expect(imported(torchZip(bomb), { heads: 16 })).rejects.toThrow(
      /would unpack to \d+, which no weights do/,
    )
  })
})
