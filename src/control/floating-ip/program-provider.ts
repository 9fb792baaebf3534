// A program of the user's in a cloud's place: `PROGRAM holder ADDRESS` prints who has the address (nothing = nobody),
// `PROGRAM assign ADDRESS MACHINE` gives it to the machine. 0 is done, 2 is an end to all tries, anything else a try that
// failed; what it writes to standard error is the reason.

import { execFile } from 'node:child_process'

import { CloudError, type FloatingIpProvider } from './provider.ts'

const OUTPUT_BYTES_MAX = 65_536
/** What ends all tries. */
const FINAL = 2

/** @param machine what this machine is called */
export function makeProgramProvider(program: string, machine: string): FloatingIpProvider {
  return {
    self: async () => machine,
    async holder(address, signal) {
      const said = (await run(program, ['holder', address], signal)).trim()
      return said === '' ? null : said
    },
    async assign(address, to, signal) {
      await run(program, ['assign', address, to], signal)
    },
  }
}

function run(program: string, words: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { signal, maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL' } as const
    execFile(program, [...words], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout)
        return
      }
      const code = typeof error.code === 'number' ? error.code : 1
      const said = stderr.trim().split('\n').at(-1) ?? ''
      const reason = signal.aborted ? 'not done in time' : said === '' ? endText(error) : said
      const isMissing = error.code === ('ENOENT' as never) || error.code === ('EACCES' as never)
      reject(
        new CloudError(`${program} ${words.join(' ')}: ${reason}`, code === FINAL || isMissing),
      )
    })
  })
}

function endText(error: Error & { code?: unknown; signal?: unknown }): string {
  if (typeof error.code === 'string') return error.code
  return error.signal ? `ended by ${String(error.signal)}` : `exit code ${String(error.code)}`
}
