// `headgate alive`: whether the running process can serve, for scripts and people; and the script that keepalived runs.

import { readFileSync } from 'node:fs'

import { systemErrorCode, systemErrorText } from '../../base/system-error.ts'
import type { CommandInput } from '../command.ts'
import type { LoadOptions } from '../load.ts'
import { socketPaths } from '../status-command.ts'
import { say } from '../terminal.ts'
import { alivePathOf } from './alive-file.ts'
import { aliveScript } from './alive-script.ts'
import { judgeAlive, uptimeHundredths } from './alive-state.ts'

/** Runs the command. Returns the exit code: 0 = it can serve, 1 = it cannot. */
export function runAlive(input: CommandInput, options: () => LoadOptions | null): number {
  const { terminal, values } = input
  const sockets = socketPaths(values, options, terminal)
  if (sockets === null) return 1
  const paths = sockets.map(alivePathOf)
  const groups = (values.upstream ?? '').split('\n').filter(name => name !== '')
  if (values.script !== undefined) {
    terminal.out(aliveScript(paths, groups))
    return 0
  }
  const now = uptimeHundredths()
  if (now === null) {
    say(terminal, 'this system does not say how long it is up: "alive" needs Linux')
    return 1
  }
  for (const path of paths) {
    try {
      const refusal = judgeAlive(readFileSync(path, 'utf8'), now, groups)
      if (refusal === '') return 0
      say(terminal, refusal)
      return 1
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') continue
      say(terminal, `"${path}": ${systemErrorText(error)}`)
      return 1
    }
  }
  say(terminal, `it does not run: there is no ${paths.map(path => `"${path}"`).join(' or ')}`)
  return 1
}
