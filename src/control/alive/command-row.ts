// The words of `headgate alive`; what they do is loaded when they are used.

import type { Command } from '../command.ts'
import { loadOptions, READING } from '../command-reading.ts'

export const ALIVE: Command = {
  name: 'alive',
  summary: 'Says whether the running process can serve: the check for keepalived',
  word: 'FILE',
  options: {
    ...READING,
    socket: { value: 'PATH', doc: 'the control socket, in place of that of a configuration' },
    upstream: {
      short: 'u',
      value: 'NAME',
      isRepeatable: true,
      doc: 'a group that needs a peer which can be picked',
    },
    script: { doc: 'print the check as a shell script, which takes a millisecond' },
  },
  details:
    'It can serve when its main thread turns, every worker answers it, it is not draining, and\n' +
    'the groups named have a peer that can be picked.\n\n' +
    '  headgate alive -c FILE -u app --script > /usr/local/bin/headgate-alive\n' +
    '  chmod 755 /usr/local/bin/headgate-alive\n\n' +
    'Exit code: 0 when it can serve, 1 when it cannot.',
  run: async input =>
    (await import('./alive-command.ts')).runAlive(input, () => loadOptions(input)),
}
