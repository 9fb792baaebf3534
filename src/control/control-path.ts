// Where the control socket of a configuration is: in a directory that is ours alone, under a name
// made from the configuration's path, so that `status` finds it by the same file and two processes
// with two files have two. The process takes the first place that it can have; `status` looks in
// all of them, as its environment may be another.

import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'

import { callFailedText, systemErrorCode } from '../base/system-error.ts'

/** Who looks for the socket, and where that one's directories are. */
export interface ControlPlace {
  /** Absolute. */
  readonly configFile: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** -1 where the system has no users. */
  readonly userId: number
  /** Where a system's services keep such things; only root's. */
  readonly runDirectory?: string
  readonly temporaryDirectory?: string
}

/** Bytes of a unix socket's path that every system takes. */
export const SOCKET_PATH_BYTES_MAX = 103

/** Where the socket may be when the configuration names no place, in the order of trying. */
export function usualControlPaths(place: ControlPlace): readonly string[] {
  const { env, userId, runDirectory = '/run', temporaryDirectory = tmpdir() } = place
  const ofSession = env.XDG_RUNTIME_DIR ?? ''
  const name = socketName(place.configFile)
  const parents = [
    ...(isAbsolute(ofSession) ? [join(ofSession, 'headgate')] : []),
    ...(userId === 0 ? [join(runDirectory, 'headgate')] : []),
    join(temporaryDirectory, `headgate-${Math.max(0, userId)}`),
  ]
  return parents.map(parent => join(parent, name))
}

/**
 * Where a process may have its socket whose user we do not know, in the order of asking: our own
 * usual places, then those of others. A directory in which somebody else than its user could put a
 * socket is left out.
 */
export function askedControlPaths(place: ControlPlace): readonly string[] {
  const { userId, runDirectory = '/run', temporaryDirectory = tmpdir() } = place
  const name = socketName(place.configFile)
  const others = [join(runDirectory, 'headgate'), ...usersDirectories(temporaryDirectory)]
  // Nobody else can look behind the doors of sessions.
  if (userId === 0) {
    const sessions = join(runDirectory, 'user')
    for (const user of entriesOf(sessions).filter(each => /^\d+$/.test(each))) {
      const directory = join(sessions, user, 'headgate')
      if (directoryProblem(directory, Number(user)) === null) others.push(directory)
    }
  }
  return [...new Set([...usualControlPaths(place), ...others.map(each => join(each, name))])]
}

/** The `headgate-UID` that belong to the user of their name. */
function usersDirectories(temporaryDirectory: string): readonly string[] {
  return entriesOf(temporaryDirectory).flatMap(entry => {
    const user = /^headgate-(\d+)$/.exec(entry)?.[1]
    const directory = join(temporaryDirectory, entry)
    const isTheirs = user !== undefined && directoryProblem(directory, Number(user)) === null
    return isTheirs ? [directory] : []
  })
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    // There is none, or none of our business.
    return []
  }
}

/**
 * Makes the directory of a usual place, or looks whether the one that is there is ours alone: in a
 * directory that others can write, somebody else's socket could stand in the way of ours.
 *
 * @returns null, or one line why it cannot be used
 */
export function claimDirectory(path: string, userId: number): string | null {
  const directory = dirname(path)
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') return callFailedText('mkdir', `"${directory}"`, error)
  }
  return directoryProblem(directory, userId)
}

/** Why a directory is not ours alone; null when it is. */
export function directoryProblem(directory: string, userId: number): string | null {
  try {
    const found = lstatSync(directory)
    if (found.isSymbolicLink()) return `"${directory}" is a link`
    if (!found.isDirectory()) return `"${directory}" is no directory`
    if (userId >= 0 && found.uid !== userId) return `"${directory}" belongs to user ${found.uid}`
    const mode = found.mode & 0o777
    if ((mode & 0o022) !== 0) {
      return `others may write into "${directory}" (mode 0${mode.toString(8)})`
    }
    return null
  } catch (error) {
    return callFailedText('lstat', `"${directory}"`, error)
  }
}

/** `nginx.conf-1a2b3c4d.sock`. */
function socketName(configFile: string): string {
  const digest = createHash('sha256').update(configFile).digest('hex').slice(0, 8)
  const readable = basename(configFile).replaceAll(/[^\w.-]/g, '_')
  return `${readable.slice(0, 40)}-${digest}.sock`
}
