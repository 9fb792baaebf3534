// Pipes for programs. What the runtime makes are sockets, and a socket cannot be opened by its name:
// `echo … > /dev/stderr` fails in the program, which with `set -e` is a check that is bad for no
// reason. So the machine's `mkfifo` makes some at a time; they are opened, lose their names at once,
// and are given out one by one.

import { spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROBE_LIMITS } from './limits.ts'

/** Both ends, open; whoever gets them closes them. */
export interface ProgramPipe {
  /** Never waits. */
  readonly ours: number
  /** Waits, as programs expect. */
  readonly theirs: number
}

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants

/** Reading ends of pipes that nobody has yet. */
const ready: number[] = []
/** Calls that go without a pipe before `mkfifo` is asked again. */
let rest = 0

/**
 * A pipe that a program writes into or reads from; null where the machine makes none, and then for
 * some calls more.
 */
export function makePipe(byProgram: 'written' | 'read'): ProgramPipe | null {
  if (ready.length === 0) fill()
  const readEnd = ready.pop()
  if (readEnd === undefined) return null
  const open: number[] = []
  try {
    const again = (flags: number) => {
      const fd = openSync(`/proc/self/fd/${readEnd}`, flags)
      open.push(fd)
      return fd
    }
    if (byProgram === 'written') return { ours: readEnd, theirs: again(O_WRONLY) }
    const pipe = { ours: again(O_WRONLY | O_NONBLOCK), theirs: again(O_RDONLY) }
    closeSync(readEnd)
    return pipe
  } catch {
    // No descriptors left, or a system without /proc.
    for (const fd of [...open, readEnd]) closeSync(fd)
    return null
  }
}

function fill(): void {
  if (rest-- > 0) return
  let directory = ''
  try {
    directory = mkdtempSync(join(tmpdir(), 'headgate-pipes-'))
    const paths = Array.from({ length: PROBE_LIMITS.pipesReady }, (_, index) => {
      return join(directory, String(index))
    })
    // A program that changes its user may still open them; nobody else can get there.
    const options = { stdio: 'ignore', timeout: PROBE_LIMITS.pipesMsMax } as const
    spawnSync('mkfifo', ['-m', '666', ...paths], options)
    for (const path of paths) ready.push(openSync(path, O_RDONLY | O_NONBLOCK))
  } catch {
    // What could be opened will do.
  }
  rest = ready.length > 0 ? 0 : PROBE_LIMITS.pipesRest
  if (directory !== '') rmSync(directory, { recursive: true, force: true })
}
