// The last resort of a process that has to end: the usual end joins its threads, and never comes when one of them is stuck
// inside a system call.

/** Ends this process. */
export function endByForce(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('the process outlived SIGKILL')
}
