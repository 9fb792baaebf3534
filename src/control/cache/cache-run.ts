// One run of the program, named so that a later one knows what it left behind: files that were being written when it was
// killed. The process is in the name: what another one that still runs is writing into the same directory is left alone.

import { randomBytes } from 'node:crypto'

import { systemErrorCode } from '../../base/system-error.ts'

const RUN = /^p(\d{1,10})r[0-9a-f]{12}$/
const RANDOM_BYTES = 6

/** The name of this run: lower-case letters and digits. */
export function makeRun(pid = process.pid): string {
  return `p${pid}r${randomBytes(RANDOM_BYTES).toString('hex')}`
}

/**
 * Whether nobody writes any more what a run has begun. A process of the same number may be another one: then a file stays
 * until a later start.
 *
 * @param own the run that asks
 */
export function isRunOver(run: string, own: string, isAlive = isProcessAlive): boolean {
  if (run === own) return false
  const pid = Number(RUN.exec(run)?.[1] ?? 0)
  return pid === 0 || pid === Number(RUN.exec(own)?.[1] ?? 0) || !isAlive(pid)
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one that runs.
    return systemErrorCode(error) === 'EPERM'
  }
}
