// Asks the control socket of a running process how it is doing. Three outcomes: an answer, nobody
// there, or something that is no answer.

import { statSync } from 'node:fs'
import { request } from 'node:http'

import { systemErrorCode, systemErrorText } from '../base/system-error.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { STATUS_FORMAT, type StatusReport } from './status-report.ts'

export type StatusAnswer =
  | { readonly kind: 'report'; readonly report: StatusReport; readonly text: string }
  /** Nobody listens: there is no such socket, or its process has ended. */
  | { readonly kind: 'absent'; readonly isStale: boolean }
  | { readonly kind: 'failed'; readonly problem: string }

/** What asking a file of another kind comes to. */
export const NO_SOCKET = 'it is no socket'

/** Asks at one socket. Never rejects. */
export function askStatus(
  socketPath: string,
  timeoutMs: number = CONTROL_LIMITS.statusTimeoutMs,
): Promise<StatusAnswer> {
  const { promise, resolve } = Promise.withResolvers<StatusAnswer>()
  const fail = (problem: string) => resolve({ kind: 'failed', problem })
  const asking = request(
    { socketPath, path: '/status', agent: false, signal: AbortSignal.timeout(timeoutMs) },
    answer => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > CONTROL_LIMITS.statusBytesMax) asking.destroy(new Error('it does not end'))
        else chunks.push(chunk)
      })
      answer.on('error', error => fail(errorText(error, timeoutMs)))
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (answer.statusCode === 200) resolve(readReport(text))
        else fail(`it answers ${answer.statusCode}: ${text.trim().slice(0, 200)}`)
      })
    },
  )
  asking.on('error', error => {
    const code = systemErrorCode(error)
    if (code === 'ECONNREFUSED' && !isSocket(socketPath)) fail(NO_SOCKET)
    else if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      resolve({ kind: 'absent', isStale: code === 'ECONNREFUSED' })
    } else fail(errorText(error, timeoutMs))
  })
  asking.end()
  return promise
}

/** A connection to a file of another kind is refused too. */
function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket()
  } catch {
    // It is gone, or not for us to see.
    return true
  }
}

function readReport(text: string): StatusAnswer {
  try {
    const report = JSON.parse(text) as Partial<StatusReport> | null
    if (report?.format === STATUS_FORMAT) {
      return { kind: 'report', report: report as StatusReport, text }
    }
    const form = report?.format ?? 'none'
    const problem = `its answer has format ${form}, and this program reads ${STATUS_FORMAT}`
    return { kind: 'failed', problem }
  } catch {
    return { kind: 'failed', problem: 'its answer is no JSON' }
  }
}

function errorText(error: Error, timeoutMs: number): string {
  const isLate = error.name === 'AbortError' || error.name === 'TimeoutError'
  return isLate ? `no answer in ${timeoutMs / 1000} s` : systemErrorText(error)
}
