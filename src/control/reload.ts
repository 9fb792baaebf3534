// Makes a new configuration serve, or leaves everything as it is: read, resolve, check, try the new addresses, allot
// slots, give it to the workers. Whatever goes wrong on the way is a reason not to take it, never an end.

import type { ErrorLog } from '../base/error-log.ts'
import type { Config } from '../model/config.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { Generation } from '../worker/messages.ts'
import type { Generations } from './generations.ts'
import { probeListeners } from './listen-probe.ts'
import { type Loaded, type LoadOptions, load } from './load.ts'
import type { NameTable } from './name-table.ts'
import { listPeers, type UpstreamLines } from './peer-lines.ts'
import {
  dualStackIn,
  type Listening,
  listenAddresses,
  meetsOwn,
  planListeners,
} from './reload-plan.ts'
import type { Supervisor } from './supervisor.ts'

/** What serves. */
export interface Running {
  readonly config: Config
  /** What stands behind the peers of `config.upstreams`, now and later. */
  readonly lines: readonly UpstreamLines[]
  readonly generation: Generation
  readonly listening: Listening
}

/** A configuration cannot be used on this machine, now: one line that was not shown yet, or empty. */
export class StartFailure extends Error {}

/** What a reload works on. */
export interface ReloadWork {
  readonly running: Running
  readonly options: LoadOptions
  readonly supervisor: Supervisor
  readonly generations: Generations
  readonly names: NameTable
  /** Throws `StartFailure` when a log cannot be opened. */
  readonly openLog: (config: Config) => ErrorLog
  readonly workerCount: (config: Config) => number
  /** Called with a generation before any worker has it. */
  readonly prepare: (generation: Generation) => Promise<void>
  /** Shows what was found in the files. */
  readonly onLoaded: (loaded: Loaded) => void
}

/** What came of it. `running` serves now. */
export type Taken =
  | {
      readonly kind: 'taken'
      readonly running: Running
      /** The error log of the new configuration; the caller closes the old one. */
      readonly log: ErrorLog
      /** Addresses that no longer listen. */
      readonly closed: readonly ListenAddress[]
    }
  | { readonly kind: 'refused'; readonly running: Running; readonly reason: string }

export const TOO_MANY_PEERS = 'too many upstreams or peers for the shared memory'

/** Reads the configuration again and makes it serve. Names that only the one that is not used wants are forgotten. */
export async function takeConfiguration(work: ReloadWork): Promise<Taken> {
  try {
    return await take(work)
  } catch (error) {
    // A mistake of ours while reloading must not take down what runs.
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { kind: 'refused', running: work.running, reason }
  } finally {
    work.names.dropUnused()
  }
}

/** Tries addresses as they are to be bound. Throws `StartFailure` when one cannot be. */
export async function probeAddresses(
  config: Config,
  addresses: readonly ListenAddress[],
  triesMax: number,
): Promise<void> {
  const problems = await probeListeners(addresses, { triesMax, isDualStack: dualStackIn(config) })
  if (problems.length > 0) throw new StartFailure(problems.map(({ text }) => text).join('; '))
}

async function take(work: ReloadWork): Promise<Taken> {
  const { running, supervisor, generations, names } = work
  const refused = (reason: string, now = running): Taken => {
    return { kind: 'refused', running: now, reason }
  }
  const loaded = await load(work.options, { table: names, isTrial: false })
  work.onLoaded(loaded)
  const { config, lines } = loaded
  if (config === null || loaded.names === null) return refused('it has errors')
  const plan = planListeners(running.listening, listenAddresses(config))
  const own = running.listening.bound
  let log: ErrorLog
  try {
    await probeAddresses(
      config,
      plan.opened.filter(address => !meetsOwn(address, own)),
      1,
    )
    log = work.openLog(config)
  } catch (error) {
    if (error instanceof StartFailure) return refused(error.message)
    throw error
  }
  const generation = generations.make(config, lines.map(listPeers), plan.listeners)
  if (generation === null) {
    log.close()
    return refused(TOO_MANY_PEERS)
  }
  await work.prepare(generation)
  const applied = await supervisor.apply(generation, work.workerCount(config))
  if (applied.kind === 'refused') {
    log.close()
    const { message, isPartial } = applied
    if (isPartial) return goBack(work, generation, message)
    generations.enter(running.generation)
    return refused(message)
  }
  const listening = { wanted: plan.wanted, bound: applied.generation.listeners }
  const next = { config, lines, generation: applied.generation, listening }
  names.keep(loaded.names)
  return { kind: 'taken', running: next, log, closed: plan.closed }
}

/** Some workers have taken what another one refused: all get the old configuration, as a generation of its own. */
async function goBack(work: ReloadWork, refused: Generation, message: string): Promise<Taken> {
  const { running, supervisor, generations } = work
  const { config, lines, listening } = running
  const again = generations.make(config, lines.map(listPeers), listening.bound)
  if (again === null) return { kind: 'refused', running, reason: `${message}; ${TOO_MANY_PEERS}` }
  await work.prepare(again)
  const applied = await supervisor.apply(again, supervisor.count)
  generations.drop(refused.number)
  if (applied.kind === 'applied') {
    const { generation } = applied
    return { kind: 'refused', running: { ...running, generation }, reason: message }
  }
  const reason = `${message}; going back failed: ${applied.message}`
  return { kind: 'refused', running, reason }
}
