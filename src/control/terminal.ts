// What a command sees of the world outside: its two outputs, its environment, where it stands. Passed in, so that a
// test reads what a command says. Output is written at once: a command may end the process right after it.

import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { isatty } from 'node:tty'

import { systemErrorCode } from '../base/system-error.ts'
import { PROGRAM } from '../base/version.ts'

export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: everything else. */
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly hostname: string
  /** Standard error shows ANSI colours. */
  readonly hasColor: boolean
  /** Standard output, when it is a terminal. */
  readonly screen?: Screen
}

/** A terminal that what is shown can be fitted to, as it is at this moment. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly hasColor: boolean
}

/** The terminal (or pipe, or file) of this process. */
export function processTerminal(): Terminal {
  return {
    out: text => writeAll(1, text),
    err: text => writeAll(2, text),
    env: process.env,
    cwd: process.cwd(),
    hostname: hostname(),
    hasColor: process.stderr.isTTY === true && process.stderr.hasColors(),
    ...(isatty(1) ? { screen: standardScreen() } : {}),
  }
}

function standardScreen(): Screen {
  const { stdout } = process
  return {
    // Its window may change its size.
    get columns() {
      return stdout.columns ?? 0
    },
    get rows() {
      return stdout.rows ?? 0
    },
    hasColor: stdout.isTTY === true && stdout.hasColors(),
  }
}

/** A line of the command itself, in nginx's form: `headgate: [emerg] text`. */
export function say(terminal: Terminal, text: string): void {
  terminal.err(`${PROGRAM}: ${text}\n`)
}

/** Whether a person may sit before this process: one of its standard streams is a terminal. */
export function hasTerminal(): boolean {
  return [0, 1, 2].some(fd => isatty(fd))
}

/** How often a full pipe is asked again, ten milliseconds apart. */
const FULL_PIPE_TRIES_MAX = 500

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  let triesLeft = FULL_PIPE_TRIES_MAX
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(fd, bytes, offset)
    } catch (error) {
      // Nobody reads any more, or the disk is full: there is no place left to say so.
      if (systemErrorCode(error) !== 'EAGAIN' || --triesLeft === 0) return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
