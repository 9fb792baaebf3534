/**
 * What the kernel says about a process and its children: CPU time, resident memory, and how busy
 * a core was with others. Linux only; the formats are those of proc(5).
 * The table of processes is read afresh each time, because workers come and go.
 */

import { readdirSync, readFileSync } from 'node:fs'

/** The fields of /proc/PID/stat that are used here. */
export interface ProcessStat {
  readonly pid: number
  readonly command: string
  readonly state: string
  readonly parentPid: number
  readonly userTicks: number
  readonly systemTicks: number
  /** When it started; together with the id this names a process for good. */
  readonly startTicks: number
}

/** CPU time and memory of one process and everything it started. */
export interface TreeUsage {
  readonly processCount: number
  readonly cpuTicks: number
  readonly residentBytes: number
}

/**
 * Parses the one line of /proc/PID/stat.
 *
 * The command is in parentheses and may itself hold spaces and parentheses, so the fields are
 * counted from the last `)`.
 *
 * @returns null when the line has not that shape
 */
export function parseProcessStat(line: string): ProcessStat | null {
  const open = line.indexOf('(')
  const close = line.lastIndexOf(')')
  if (open < 1 || close < open) return null
  // Field 3 (state) is the first one after the command.
  const fields = line
    .slice(close + 1)
    .trim()
    .split(/\s+/)
  const stat = {
    pid: Number(line.slice(0, open)),
    command: line.slice(open + 1, close),
    state: fields[0] ?? '',
    parentPid: Number(fields[1] ?? Number.NaN),
    userTicks: Number(fields[11] ?? Number.NaN),
    systemTicks: Number(fields[12] ?? Number.NaN),
    startTicks: Number(fields[19] ?? Number.NaN),
  }
  const numbers = [stat.pid, stat.parentPid, stat.userTicks, stat.systemTicks, stat.startTicks]
  return stat.state !== '' && numbers.every(Number.isInteger) ? stat : null
}

/**
 * Parses the resident memory out of /proc/PID/status.
 *
 * @returns bytes; 0 when there is no `VmRSS` line, as with a process that has ended
 */
export function parseResidentBytes(status: string): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status)
  return match ? Number(match[1]) * 1024 : 0
}

/**
 * Parses how long one core has been busy out of /proc/stat.
 *
 * @returns clock ticks of user, nice, system, interrupt and stolen time; null for an unknown core
 */
export function parseCoreBusyTicks(stat: string, core: number): number | null {
  const line = stat.split('\n').find(candidate => candidate.startsWith(`cpu${core} `))
  if (line === undefined) return null
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number)
  const parts = [user, nice, system, irq, softirq, steal]
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)
}

/**
 * Picks a process and all its descendants out of a list of processes.
 *
 * @returns the root first, then its descendants; empty when the root is not in the list
 */
export function pickTree(all: readonly ProcessStat[], rootPid: number): ProcessStat[] {
  const tree = all.filter(stat => stat.pid === rootPid)
  // The list grows while it is walked: each found child is asked for its own children.
  for (const parent of tree) {
    tree.push(...all.filter(stat => stat.parentPid === parent.pid && stat.pid !== parent.pid))
  }
  return tree
}

/** Reads CPU time and memory of a process and all its descendants. */
export function readTreeUsage(rootPid: number): TreeUsage {
  const tree = readTree(rootPid)
  return {
    processCount: tree.length,
    cpuTicks: tree.reduce((sum, stat) => sum + stat.userTicks + stat.systemTicks, 0),
    residentBytes: tree.reduce((sum, stat) => {
      return sum + parseResidentBytes(readOrEmpty(`/proc/${stat.pid}/status`))
    }, 0),
  }
}

/** Reads a process and all its descendants, the process first. */
export function readTree(rootPid: number): ProcessStat[] {
  return pickTree(readProcesses(), rootPid)
}

/** Tells whether a process seen earlier still runs, and is no other that got its id. */
export function isStillRunning(seen: ProcessStat): boolean {
  const now = parseProcessStat(readOrEmpty(`/proc/${seen.pid}/stat`))
  return now !== null && now.startTicks === seen.startTicks && now.state !== 'Z'
}

/** Reads for how many clock ticks a core has been busy since the machine started. */
export function readCoreBusyTicks(core: number): number {
  return parseCoreBusyTicks(readOrEmpty('/proc/stat'), core) ?? 0
}

/**
 * Tells what share of a core went to others while a process tree ran on it.
 *
 * @returns 0 to 1
 */
export function computeForeignShare(
  coreBusyTicks: number,
  ownTicks: number,
  elapsedTicks: number,
): number {
  if (elapsedTicks <= 0) return 0
  return Math.min(1, Math.max(0, coreBusyTicks - ownTicks) / elapsedTicks)
}

function readProcesses(): ProcessStat[] {
  const stats: ProcessStat[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = parseProcessStat(readOrEmpty(`/proc/${name}/stat`))
    if (stat !== null) stats.push(stat)
  }
  return stats
}

/** A process may end between being listed and being read; it then counts for nothing. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
