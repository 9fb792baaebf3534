#!/usr/bin/env node
// The program: takes the command line, ends with an exit code. Nothing that goes wrong here goes wrong silently.

import { runCommandLine } from './control/commands.ts'
import { processTerminal } from './control/terminal.ts'

const terminal = processTerminal()

function onCrash(error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  terminal.err(`headgate: [emerg] crashed, this is a mistake in the program: ${text}\n`)
  process.exit(1)
}

// A rejection that nobody handles arrives here too.
process.on('uncaughtException', onCrash)

process.exit(await runCommandLine(process.argv.slice(2), terminal))
