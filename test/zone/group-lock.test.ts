// The lock by itself: who holds it, who may take it over, and that two threads never hold it at
// once.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { lockCell, takeOverCell, tryLockCell, unlockCell } from '../../src/zone/group-lock.ts'

function makeCells(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(64))
}

describe('lockCell', () => {
  it('leaves the cell at 0 when given back', () => {
    const cells = makeCells()
    lockCell(cells, 0, 7)
    assert.notEqual(cells[0], 0)
    unlockCell(cells, 0)
    assert.equal(cells[0], 0)
  })

  it('holds a free cell for every worker and the main thread under a name of its own', () => {
    const cells = makeCells()
    const names = [-1, 0, 1, 255].map(worker => {
      lockCell(cells, 0, worker)
      const name = cells[0]
      unlockCell(cells, 0)
      return name
    })
    assert.equal(new Set([0, ...names]).size, 5)
  })

  it('lets only one of four threads in at a time', async () => {
    const cells = makeCells()
    const threads = [0, 1, 2, 3].map(
      worker =>
        new Worker(new URL('./counting-worker.ts', import.meta.url), {
          workerData: { buffer: cells.buffer, worker, count: 20_000 },
        }),
    )
    await Promise.all(threads.map(thread => once(thread, 'exit')))
    assert.equal(cells[1], 80_000)
    assert.equal(cells[0], 0)
  })
})

describe('tryLockCell', () => {
  it('takes a free lock', () => {
    const cells = makeCells()
    assert.equal(tryLockCell(cells, 0, -1, 10), true)
    assert.notEqual(cells[0], 0)
  })

  it('gives up on one that is kept, and leaves it usable', () => {
    const cells = makeCells()
    lockCell(cells, 0, 0)
    assert.equal(tryLockCell(cells, 0, -1, 10), false)
    unlockCell(cells, 0)
    assert.equal(tryLockCell(cells, 0, -1, 10), true)
  })
})

describe('takeOverCell', () => {
  it('takes the lock from the worker that it names', () => {
    const cells = makeCells()
    lockCell(cells, 0, 3)
    assert.equal(takeOverCell(cells, 0, 3, -1), true)
    assert.equal(tryLockCell(cells, 0, 4, 10), false, 'it is held by the one who took it over')
    unlockCell(cells, 0)
    assert.equal(tryLockCell(cells, 0, 4, 10), true)
  })

  it('takes it also when others wait already', () => {
    const cells = makeCells()
    lockCell(cells, 0, 3)
    tryLockCell(cells, 0, 4, 4)
    assert.equal(takeOverCell(cells, 0, 3, -1), true)
  })

  it('leaves a free lock and the lock of another alone', () => {
    const cells = makeCells()
    assert.equal(takeOverCell(cells, 0, 3, -1), false)
    lockCell(cells, 0, 4)
    assert.equal(takeOverCell(cells, 0, 3, -1), false)
    assert.equal(takeOverCell(cells, 0, 4, -1), true)
  })
})
