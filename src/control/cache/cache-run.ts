// One run of the program, named so that a later one knows what it left behind: files that were being written when it was
// killed. The process is in the name: what another one that still runs is writing into the same directory is left alone.
// Each worker adds its thread, so that what a dead one was writing is known while the others go on.

import { randomBytes } from 'node:crypto'

import { systemErrorCode } from '../../base/system-error.ts'

const RUN = /^(p(\d{1,10})r[0-9a-f]{12})(?:t\d{1,7})?$/
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
  const [, name = run, pid = '0'] = RUN.exec(run) ?? []
  if (name === own) return false
  return pid === '0' || pid === RUN.exec(own)?.[2] || !isAlive(Number(pid))
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
