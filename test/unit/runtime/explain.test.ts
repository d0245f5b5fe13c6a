/** What goes wrong on a machine, not in the program, is one sentence with advice. */
import { describe, expect, it } from 'vitest'
import { explainSystemError, UserError } from '../../../model/errors.ts'
import { Graph, matmul, reduceSum, reshape } from '../../../model/graph/index.ts'
import { explainEngineError } from '../../../model/runtime/explain.ts'
import { Engine } from '../../../model/runtime/index.ts'

describe('engine failures', () => {
  it.each([
    'std::bad_alloc',
    '/onnxruntime/core/framework/bfc_arena.cc:376 Failed to allocate memory for requested buffer of size 4000000',
    'Array buffer allocation failed',
    'CUDA failure 2: out of memory',
    'The engine thread failed: Worker terminated due to reaching memory limit: JS heap out of memory',
  ])('%s', (words) => {
    const error = explainEngineError(new Error(words), 'cpu')
    expect(error).toBeInstanceOf(UserError)
    expect((error as Error).message).toMatch(/"cpu" has too little memory .*choose a smaller size or model/)
  })

  it('a lost device is one too, and a mistake of ours stays one', () => {
    expect(String(explainEngineError(new Error('webgpu: device lost'), 'webgpu'))).toMatch(
      /"webgpu" stopped.*"cpu"/,
    )
    const bug = new Error('Invalid Feed Input Name: y')
    expect(explainEngineError(bug, 'cpu')).toBe(bug)
  })

  it('a result that no machine can hold', async () => {
    const engine = await Engine.start('cpu')
    const graph = new Graph()
    const many = 4_000_000
    const x = graph.input('x', 'float32', [many, 1])
    graph.output('y', reduceSum(matmul(x, reshape(x, [1, many])), [0, 1]))
    const program = await engine.load(graph)
    const run = engine.run(program, {
      x: { dtype: 'float32', shape: [many, 1], data: new Float32Array(many) },
    })
    await expect(run).rejects.toThrow(/"cpu" has too little memory/)
    await engine.close()
  })
})

describe('system errors', () => {
  it.each(['ENAMETOOLONG', 'EIO', 'EBUSY', 'ESTALE', 'ENOSPC'])('%s', (code) => {
    const error = explainSystemError(Object.assign(new Error(code), { code }), 'write', '/somewhere/file')
    expect(error).toBeInstanceOf(UserError)
    expect((error as Error).message).toMatch(/^Cannot write \/somewhere\/file: .*; .*\.$/)
  })
})
