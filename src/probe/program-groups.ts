// The process groups of programs that run at the moment. They are not ours in the eyes of the
// system, so they would outlive a crash of this process, some of them for ever.

const groups = new Set<number>()

/** Takes note of a program that leads a group of its own; undefined = it never ran. */
export function noteGroup(pid: number | undefined): void {
  if (pid !== undefined) groups.add(pid)
}

/** The program has ended: its number may soon be another's. */
export function forgetGroup(pid: number | undefined): void {
  if (pid !== undefined) groups.delete(pid)
}

/** Ends every program that still runs, and what it started. For a process that ends at once. */
export function killGroups(): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // Nobody of the group is left.
    }
  }
  groups.clear()
}
