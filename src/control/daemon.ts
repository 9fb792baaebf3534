// `daemon on`, nginx's default: the program starts itself once more in a session of its own and waits until that one
// says that it is ready, or why not. A pipe on descriptor 3 carries what it says, written at once, so that not a word
// is lost when the child ends.

import { spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

import { say, type Terminal } from './terminal.ts'

/** Tells the child that it is one. Not an option: whoever sets it by hand has no descriptor 3 to match. */
const MARK = 'HEADGATE_DETACHED'
const PIPE = 3
/** Ends what the child has to say when all is well; no message holds it. */
const READY = '\x06'

/** The child's side of the pipe. */
export interface DetachedChild {
  /** Shown by the parent until `onReady`; then there is nobody to show it to. */
  readonly say: (text: string) => void
  readonly onReady: () => void
}

/** What this process is to use when it is the child of `detach`; null when it is not. */
export function detachedChild(): DetachedChild | null {
  if (process.env[MARK] === undefined) return null
  delete process.env[MARK]
  let isOpen = true
  const write = (text: string) => {
    if (!isOpen) return
    try {
      writeSync(PIPE, text)
    } catch {
      // The parent is gone: what is said now is said to nobody.
      isOpen = false
    }
  }
  return {
    say: text => write(text.replaceAll(READY, '')),
    onReady: () => {
      write(READY)
      if (isOpen) closeSync(PIPE)
      isOpen = false
    },
  }
}

/**
 * Starts the program in the background with the same arguments.
 *
 * @param errorLogPath where the child's standard error goes: what Node itself has to say before it dies
 * @returns the exit code for the parent: 0 when the child serves, 1 when it ended before
 */
export async function detach(
  args: readonly string[],
  errorLogPath: string,
  terminal: Terminal,
): Promise<number> {
  const stderr = openForChild(errorLogPath)
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', stderr, 'pipe'],
    env: { ...process.env, [MARK]: '1' },
    cwd: terminal.cwd,
  })
  if (typeof stderr === 'number') closeSync(stderr)
  const { promise, resolve } = Promise.withResolvers<number>()
  const pipe = child.stdio[PIPE] as Readable
  const decoder = new StringDecoder('utf8')
  let hasSpoken = false
  pipe.on('data', (bytes: Buffer) => {
    const text = decoder.write(bytes)
    hasSpoken = true
    terminal.err(text.replaceAll(READY, ''))
    if (text.includes(READY)) resolve(0)
  })
  child.on('error', error => {
    say(terminal, `[emerg] cannot start in the background: ${error.message}`)
    resolve(1)
  })
  // After `close` everything that it said has been read.
  child.on('close', (code, signal) => {
    if (!hasSpoken || code !== 1) {
      const how = signal ?? `exit code ${code}`
      say(terminal, `[emerg] it ended before it was ready (${how}); see ${errorLogPath}`)
    }
    resolve(1)
  })
  const exitCode = await promise
  pipe.destroy()
  child.unref()
  return exitCode
}

/** The error log as the child's standard error; nowhere when it cannot be opened, which the child itself will say. */
function openForChild(path: string): number | 'inherit' | 'ignore' {
  if (path === 'stderr' || path === '/dev/stderr') return 'inherit'
  try {
    return openSync(path, 'a', 0o644)
  } catch {
    return 'ignore'
  }
}
