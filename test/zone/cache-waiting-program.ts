// A process for test/zone/cache-waits.test.ts: has nothing to do but to wait for a lock that nobody gives back.

import { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { CacheWaits } from '../../src/zone/cache-waits.ts'
import { CacheZone, createCacheZone } from '../../src/zone/cache-zone.ts'
import { KEY, KIB, START, START_MS } from './cache-keys.ts'

const clock = new SystemClock()
const zone = new CacheZone(createCacheZone(KIB), 0)
const waits = new CacheWaits(zone, clock, new TimerWheel(clock))
const slot = zone.use(KEY, KEY[0]!, START)
zone.lock(slot, START_MS, 5000)
waits.wait(slot, 600_000, () => process.stdout.write('over\n'))
process.stdout.write(`${waits.count} waits\n`)
