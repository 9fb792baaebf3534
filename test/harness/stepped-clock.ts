// Steps the wall clock of every thread of a program: `--import` of this file, and CLOCK_FILE with the milliseconds that the
// clock is ahead of the machine's.

import { readFileSync } from 'node:fs'

const LOOK_MS = 50
const path = process.env.CLOCK_FILE ?? ''
const now = Date.now.bind(Date)
let aheadMs = 0
let lookAtMs = 0

Date.now = () => {
  const nowMs = now()
  if (nowMs >= lookAtMs) {
    lookAtMs = nowMs + LOOK_MS
    aheadMs = Number(readFileSync(path, 'utf8'))
  }
  return nowMs + aheadMs
}
