// A process that stores responses without end, several at a time, until it is killed: for killed-writer.test.ts.
// Usage: killed-filler.ts DIRECTORY

import { writeSync } from 'node:fs'
import { append, begin, end, keyOf, makeMeta, pattern, StoreFixture } from './store-fixture.ts'

const fixture = new StoreFixture({}, 1, process.argv[2])

async function fillAll(lane: number): Promise<void> {
  for (let i = 0; ; i++) {
    const number = (i * 8 + lane) % 200
    const size = number % 5 === 0 ? 200_000 + number : 500 + number * 40
    const key = keyOf(`key ${number}`)
    const body = pattern(size, i % 3)
    const writer = await begin(fixture.store, key, size)
    for (let at = 0; at < size; at += 30_000) {
      append(writer, body.subarray(at, at + 30_000))
      await new Promise(setImmediate)
    }
    await end(writer)
    if (i % 4 === 3) {
      const meta = makeMeta(key.text, { length: size, tags: ['changed'] })
      fixture.store.freshen(key, writer.entry, meta, () => {}).release()
    }
    writer.entry.release()
    if (i === 25) writeSync(1, 'filled\n')
  }
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => fillAll(lane)))
