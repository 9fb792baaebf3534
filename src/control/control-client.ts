// Speaks with the control socket of a running process. Three outcomes: an answer, nobody there, or something that is no
// answer.

import { statSync } from 'node:fs'
import { request } from 'node:http'

import { systemErrorCode, systemErrorText } from '../base/system-error.ts'
import { CONTROL_LIMITS } from './limits.ts'

/** What is asked or ordered. */
export interface ControlRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Becomes JSON. */
  readonly order?: unknown
  readonly timeoutMs: number
}

export type ControlAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  /** Nobody listens: there is no such socket, or its process has ended. */
  | { readonly kind: 'absent'; readonly isStale: boolean }
  | { readonly kind: 'failed'; readonly problem: string }

/** What asking a file of another kind comes to. */
export const NO_SOCKET = 'it is no socket'

/** Asks at one socket. Never rejects. */
export function askControl(socketPath: string, asked: ControlRequest): Promise<ControlAnswer> {
  const { method, path, order, timeoutMs } = asked
  const { promise, resolve } = Promise.withResolvers<ControlAnswer>()
  const fail = (problem: string) => resolve({ kind: 'failed', problem })
  const body = order === undefined ? '' : JSON.stringify(order)
  const headers = body === '' ? {} : { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(timeoutMs)
  const asking = request({ socketPath, method, path, headers, agent: false, signal }, answer => {
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
      resolve({ kind: 'answer', status: answer.statusCode ?? 0, text })
    })
  })
  asking.on('error', error => {
    const code = systemErrorCode(error)
    if (code === 'ECONNREFUSED' && !isSocket(socketPath)) fail(NO_SOCKET)
    else if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      resolve({ kind: 'absent', isStale: code === 'ECONNREFUSED' })
    } else fail(errorText(error, timeoutMs))
  })
  asking.end(body)
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

function errorText(error: Error, timeoutMs: number): string {
  const isLate = error.name === 'AbortError' || error.name === 'TimeoutError'
  return isLate ? `no answer in ${timeoutMs / 1000} s` : systemErrorText(error)
}
