// `headgate -s stop|quit|reload|reopen`: a signal to the process that the pid file names.

import { callFailedText, systemErrorText } from '../base/system-error.ts'
import { readPidFile } from './pid-file.ts'
import { SIGNAL_OF, type SignalName } from './signals.ts'

/** `process.kill`. */
export type Kill = (pid: number, signal: NodeJS.Signals) => void

/**
 * Sends the signal of `name` to the process in `pidPath`.
 *
 * @returns null, or one line why it could not be sent
 */
export function sendSignal(name: SignalName, pidPath: string, kill: Kill): string | null {
  if (pidPath === '') return '[error] the configuration names no pid file'
  const found = readPidFile(pidPath)
  switch (found.kind) {
    case 'unreadable':
      return `[error] ${callFailedText('open', `"${pidPath}"`, found.error)}: is it running?`
    case 'invalid':
      return `[error] invalid PID number "${found.text}" in "${pidPath}"`
    case 'pid':
      try {
        kill(found.pid, SIGNAL_OF[name])
        return null
      } catch (error) {
        const call = `kill(${found.pid}, ${SIGNAL_OF[name]})`
        return `[alert] ${call} failed (${systemErrorText(error)}), pid from "${pidPath}"`
      }
  }
}
