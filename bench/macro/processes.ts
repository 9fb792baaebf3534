/**
 * Starts programs pinned to a core and sees to it that none outlives the run.
 * Everything started is stopped by its own process id, with its descendants, also when the run
 * fails or is interrupted: a forgotten proxy on core 0 would spoil every later measurement.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { isStillRunning, type ProcessStat, readTree } from './measure.ts'

const READY_MS_MAX = 15_000
const READY_POLL_MS = 25
const STOP_MS_MAX = 3_000
const SHOWN_LOG_BYTES_MAX = 4_000

/** A program that keeps running until it is stopped. */
export interface Running {
  readonly name: string
  readonly pid: number
  readonly child: ChildProcess
  /** Where its error output goes. */
  readonly logPath: string
}

/** How to start a program that keeps running. */
export interface Launch {
  readonly name: string
  readonly command: readonly string[]
  /** File for its error output. */
  readonly logPath: string
  /** File for its standard output; with the error output when absent. */
  readonly outputPath?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Knows which core does what, and everything that has been started. */
export class Machinery {
  readonly proxyCore: number
  readonly loadCore: number
  readonly #children = new Set<ChildProcess>()

  constructor(proxyCore: number, loadCore: number) {
    this.proxyCore = proxyCore
    this.loadCore = loadCore
    // The last resort, where nothing can be awaited any more.
    process.on('exit', () => this.killAll())
  }

  /** Starts a program on a core; it is stopped with the run at the latest. */
  start(core: number, launch: Launch): Running {
    const log = openSync(launch.logPath, 'a')
    const output = launch.outputPath === undefined ? log : openSync(launch.outputPath, 'a')
    const child = this.#spawn(core, launch.command, ['ignore', output, log], launch.env ?? {})
    closeSync(log)
    if (output !== log) closeSync(output)
    if (child.pid === undefined) throw new Error(`Cannot start ${launch.name}: is it installed?`)
    return { name: launch.name, pid: child.pid, child, logPath: launch.logPath }
  }

  /** Starts a program whose standard output is wanted. */
  startPiped(core: number, command: readonly string[]): ChildProcess {
    return this.#spawn(core, command, ['ignore', 'pipe', 'pipe'], {})
  }

  /** Stops a program: asks first, then kills what is left of it and of what it started. */
  async stop(running: Running): Promise<void> {
    const tree = readTree(running.pid)
    if (!hasEnded(running.child)) {
      const ended = once(running.child, 'exit')
      running.child.kill('SIGTERM')
      const timeout = new AbortController()
      // Aborting rejects the wait that lost the race; nobody needs to hear of it.
      const waited = wait(STOP_MS_MAX, null, { signal: timeout.signal }).catch(() => null)
      await Promise.race([ended, waited])
      timeout.abort()
    }
    for (const stat of tree) killIfRunning(stat)
  }

  /** Kills, without waiting, everything that is still alive. */
  killAll(): void {
    for (const child of this.#children) {
      if (child.pid === undefined || hasEnded(child)) continue
      for (const stat of readTree(child.pid)) killIfRunning(stat)
    }
    this.#children.clear()
  }

  #spawn(
    core: number,
    command: readonly string[],
    stdio: ('ignore' | 'pipe' | number)[],
    env: Readonly<Record<string, string>>,
  ): ChildProcess {
    // setpriv and taskset replace themselves by the program, so the process id is the program's
    // own; should this process be killed, the kernel ends the program. Detached: a Ctrl-C reaches
    // this process only, which then stops the others in order.
    const pinned = ['--pdeathsig', 'TERM', 'taskset', '-c', String(core), ...command]
    const child = spawn('setpriv', pinned, {
      stdio,
      detached: true,
      env: { ...process.env, NODE_ENV: 'production', ...env },
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    child.once('error', () => this.#children.delete(child))
    return child
  }
}

/**
 * Runs a program on the load core to its end.
 *
 * @param limitMs after this many milliseconds it is killed and the run fails
 * @returns what it wrote to its standard output
 */
export async function runPinned(
  machinery: Machinery,
  command: readonly string[],
  limitMs: number,
): Promise<string> {
  const child = machinery.startPiped(machinery.loadCore, command)
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
  // Not 'exit': at 'close' the output has been read to its end.
  const [code, signal] = await once(child, 'close').finally(() => clearTimeout(limit))
  const text = Buffer.concat(output).toString()
  if (code === 0) return text
  const reason = signal === null ? `exit code ${code}` : `signal ${signal}`
  throw new Error(`${command[0]} failed with ${reason}:\n${text}${Buffer.concat(errors)}`)
}

/**
 * Waits until a program accepts connections.
 *
 * Fails, showing the end of the program's log, when it ends or takes more than fifteen seconds.
 */
export async function awaitListening(running: Running, port: number): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  while (!(await canConnect(port))) {
    if (hasEnded(running.child)) {
      throw new Error(`${running.name} ended at its start:\n${readLogEnd(running.logPath)}`)
    }
    if (performance.now() > deadline) {
      const log = readLogEnd(running.logPath)
      throw new Error(`${running.name} does not listen on port ${port}:\n${log}`)
    }
    await wait(READY_POLL_MS)
  }
}

/**
 * Finds ports of the loopback address that nobody listens on.
 *
 * All are held at once before the first is let go, so they differ. Another program may take one
 * before it is used; whoever was to have it then fails to start, and says so.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers: Server[] = []
  const ports: number[] = []
  for (let index = 0; index < count; index++) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address !== null && typeof address === 'object') ports.push(address.port)
    servers.push(server)
  }
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}

/** Moves this process itself to the load core, away from the proxy under test. */
export function pinSelf(core: number): void {
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)])
}

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function killIfRunning(stat: ProcessStat): void {
  if (!isStillRunning(stat)) return
  try {
    process.kill(stat.pid, 'SIGKILL')
  } catch {
    // It ended between the look and the kill.
  }
}

/** Reads the last lines of what a program wrote. */
export function readLogEnd(path: string): string {
  return readFileSync(path, 'utf8').slice(-SHOWN_LOG_BYTES_MAX)
}
