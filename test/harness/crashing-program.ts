// `headgate run FILE [WORKER]` with workers that can be told to die (crashing-worker.ts), or with another entry file.

import { dirname } from 'node:path'

import { runMain } from '../../src/control/main-process.ts'
import { processTerminal } from '../../src/control/terminal.ts'

const terminal = processTerminal()
const file = process.argv[2]!

process.exit(
  await runMain({
    load: {
      file,
      prefix: dirname(file),
      globals: '',
      format: 'nginx',
      env: {},
      hostname: 'test',
      isForeground: true,
      errorLogPath: null,
    },
    terminal,
    workerUrl: new URL(process.argv[3] ?? './crashing-worker.ts', import.meta.url),
  }),
)
