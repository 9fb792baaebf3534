// Asks the control socket of a running process how it is doing, and reads what it says.

import { askControl, type ControlAnswer } from './control-client.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { STATUS_FORMAT, type StatusReport } from './status-report.ts'

export type StatusAnswer =
  | { readonly kind: 'report'; readonly report: StatusReport; readonly text: string }
  | Exclude<ControlAnswer, { readonly kind: 'answer' }>

/** Asks at one socket. Never rejects. */
export async function askStatus(
  socketPath: string,
  timeoutMs: number = CONTROL_LIMITS.statusTimeoutMs,
): Promise<StatusAnswer> {
  const answer = await askControl(socketPath, { method: 'GET', path: '/status', timeoutMs })
  if (answer.kind !== 'answer') return answer
  const { status, text } = answer
  if (status === 200) return readReport(text)
  return { kind: 'failed', problem: `it answers ${status}: ${text.trim().slice(0, 200)}` }
}

function readReport(text: string): StatusAnswer {
  try {
    const report = JSON.parse(text) as Partial<StatusReport> | null
    if (report?.format === STATUS_FORMAT) {
      // A process that was started before caches were reported says nothing of them.
      const whole = { caches: [], ...report } as unknown as StatusReport
      return { kind: 'report', report: whole, text }
    }
    const form = report?.format ?? 'none'
    const problem = `its answer has format ${form}, and this program reads ${STATUS_FORMAT}`
    return { kind: 'failed', problem }
  } catch {
    return { kind: 'failed', problem: 'its answer is no JSON' }
  }
}
