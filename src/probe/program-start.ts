// Starts a program without a shell, in a process group of its own, and with real pipes where they can
// be had: whatever it opens by the name of its outputs (`/dev/stderr`) is there.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { makePipe } from './program-pipe.ts'

export interface ProgramStart {
  readonly command: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ours unless given. */
  readonly directory?: string
  /** It gets something to read; without, its standard input is empty. */
  readonly hasInput?: boolean
}

export interface StartedProgram {
  readonly child: ChildProcess
  /** What it prints: both outputs in one, or one each where no pipe could be had. */
  readonly outputs: readonly Readable[]
  /** Null without. */
  readonly input: Writable | null
}

/** Starts a program. Throws what the system says at once; what it says later is the child's `error`. */
export function startProgram(start: ProgramStart): StartedProgram {
  const { command, environment, directory, hasInput = false } = start
  const output = makePipe('written')
  const input = hasInput ? makePipe('read') : null
  // Sockets of the runtime's in place of a pipe, where the machine has none.
  const out = output?.theirs ?? 'pipe'
  let child: ChildProcess
  try {
    child = spawn(command, [...start.arguments], {
      detached: true,
      stdio: [hasInput ? (input?.theirs ?? 'pipe') : 'ignore', out, out],
      env: { ...environment },
      ...(directory === undefined ? {} : { cwd: directory }),
    })
  } catch (error) {
    for (const pipe of [output, input]) if (pipe !== null) closeSync(pipe.ours)
    throw error
  } finally {
    for (const pipe of [output, input]) if (pipe !== null) closeSync(pipe.theirs)
  }
  // Where no descriptors are left it has no streams at all, whatever their type says.
  const outputs = [child.stdout, child.stderr].flatMap(stream => stream ?? [])
  return {
    child,
    outputs: [...outputs, ...(output === null ? [] : [reader(output.ours)])].map(quiet),
    input: quiet(input === null ? (child.stdin ?? null) : writer(input.ours)),
  }
}

function reader(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false })
}

function writer(fd: number): Socket {
  return new Socket({ fd, readable: false, writable: true })
}

/** What a program does with its ends is no error of ours. */
function quiet<Stream extends Readable | Writable | null>(stream: Stream): Stream {
  stream?.on('error', () => {})
  return stream
}
