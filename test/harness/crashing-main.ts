// The program itself, whose main thread makes a mistake as soon as a file named by CRASH_FILE is
// there.

import { existsSync } from 'node:fs'

const path = process.env.CRASH_FILE ?? ''
setInterval(() => {
  if (existsSync(path)) throw new Error('died as told')
}, 20).unref()

await import('../../src/main.ts')
