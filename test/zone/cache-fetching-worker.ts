// A thread for test/zone/cache-waits.test.ts: takes the lock of a slot, and gives it back when it is told to.

import { parentPort, workerData } from 'node:worker_threads'
import { CacheZone } from '../../src/zone/cache-zone.ts'
import { START_MS } from './cache-keys.ts'

const { buffer, slot } = workerData as { buffer: SharedArrayBuffer; slot: number }
const zone = new CacheZone(buffer, 1)
const token = zone.lock(slot, START_MS, 5000)
parentPort!.once('message', () => zone.unlock(slot, token))
parentPort!.postMessage(token)
