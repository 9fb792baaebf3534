// The cache thread: loading, evicting, purging and listing of all caches, by synchronous calls in a thread of its own, so
// that no request and no reload ever waits for a disk that is busy with a directory. The entry file of `new Worker`.

import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'

import { systemDelay } from '../../base/delay.ts'
import type { FromCacheThread, ToCacheThread } from './cache-messages.ts'
import { Caretaker } from './caretaker.ts'
import type { TaskTime } from './paced-task.ts'

const port = parentPort!
const time: TaskTime = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  delay: systemDelay,
}
/** Requests go first where both want one processor. Linux takes it for the calling thread alone. */
function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // A system that does not let us: then they share.
  }
}

stepBack()

/** By the number of the zone. */
const caretakers = new Map<number, Caretaker>()
/** The purge that runs, and those behind it. */
let purging: Promise<void> = Promise.resolve()

function say(message: FromCacheThread): void {
  port.postMessage(message)
}

function use({ caches, temporary }: ToCacheThread & { kind: 'use' }): void {
  const kept = new Set(caches.map(({ id }) => id))
  for (const [id, caretaker] of caretakers) {
    if (kept.has(id)) continue
    caretakers.delete(id)
    void caretaker.stop()
  }
  for (const cache of caches) {
    const { id, path } = cache
    const before = caretakers.get(id)
    const own = temporary.filter(place => place.cache === id).map(place => place.directory)
    if (before !== undefined) {
      before.change(path, own)
      continue
    }
    const caretaker = new Caretaker(cache, {
      time,
      log: (level, text) => say({ kind: 'log', level, text }),
    })
    caretakers.set(id, caretaker)
    caretaker.start(own)
  }
}

async function purge({ id, jobs, isSoft }: ToCacheThread & { kind: 'purge' }): Promise<void> {
  const counts = []
  for (const { cache, scope } of jobs) {
    counts.push((await caretakers.get(cache)?.purge(scope, isSoft)) ?? null)
  }
  say({ kind: 'purged', id, counts })
}

async function list(order: ToCacheThread & { kind: 'list' }): Promise<void> {
  const { id, caches, prefix, countMax } = order
  const listings = []
  for (const cache of caches) {
    listings.push((await caretakers.get(cache)?.list(prefix, countMax)) ?? null)
  }
  say({ kind: 'listed', id, listings })
}

port.on('message', (message: ToCacheThread) => {
  switch (message.kind) {
    case 'use':
      use(message)
      return
    case 'sweep':
      for (const caretaker of caretakers.values()) caretaker.sweep(message.thread)
      return
    case 'purge':
      purging = purging.then(() => purge(message))
      return
    case 'list':
      void list(message)
      return
  }
})
