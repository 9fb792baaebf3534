// Peers that an operator takes out by a file: a directory in which a file is named after the peer
// (`10.0.0.1:80`, `10.0.0.1`, `host:80`, `host`). It holds at once, whatever the checks say, and
// until the file is gone (ldirectord: `maintenancedir`). Bound sessions stay where those of a peer
// that is down do: with ldirectord's `quiescent=yes` maintenance is weight 0, too.

import { opendir } from 'node:fs/promises'

import { type Delay, within } from '../base/delay.ts'
import { callFailedText, systemErrorCode } from '../base/system-error.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { LogLevel } from '../model/settings.ts'
import type { Generation } from '../worker/messages.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { buildRoster, type RosterPeer } from './peer-roster.ts'
import { type PeerVerdict, peerText, type Transition, upstreamText } from './probe-log.ts'

export interface MaintenanceOptions {
  readonly zone: PeerZone
  readonly onTransition: (transition: Transition) => void
  /** How a peer stands that nobody keeps out here. */
  readonly verdictOf: (peer: RosterPeer) => PeerVerdict
  /** Why that is so; empty where there is nothing to say. */
  readonly whyOf?: (peer: RosterPeer) => string
  readonly log: (level: LogLevel, text: string) => void
  readonly now: () => number
  readonly delay: Delay
  /** The names of the files in a directory. */
  readonly list?: (path: string) => Promise<readonly string[]>
}

export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #end = new AbortController()
  /** By directory; a directory that could not be read keeps what it had. */
  readonly #files = new Map<string, ReadonlySet<string>>()
  /** Directories that could not be read, which was said. */
  readonly #unreadable = new Set<string>()
  /** Peers that are out, by id: the file that says so. */
  readonly #out = new Map<string, string>()
  #peers: readonly RosterPeer[] = []
  #isWatching = false
  #looking: Promise<void> = Promise.resolve()

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  /** The file that takes a peer out; null where there is none. */
  fileOf(id: string): string | null {
    return this.#out.get(id) ?? null
  }

  /**
   * Takes out whom the workers must not pick, before they get a generation. Directories that are
   * new in it are read first.
   */
  async prepare(generation: Generation): Promise<void> {
    const { peers } = buildRoster(generation, 0)
    // A directory on a machine that is gone must not hold up a reload.
    const { delay } = this.#options
    await within(this.#read(directoriesOf(peers)), CONTROL_LIMITS.fileWatchMs, delay)
    this.mark(generation)
  }

  /** The same by what was read last. */
  mark(generation: Generation): void {
    for (const peer of buildRoster(generation, 0).peers) {
      if (this.#fileFor(peer) === null) continue
      this.#options.zone.setState(peer.slot, stateInMaintenance(peer), true)
    }
  }

  /** Goes on with the peers of what serves. */
  use(peers: readonly RosterPeer[]): void {
    if (this.#end.signal.aborted) return
    this.#peers = peers
    const ids = new Set(peers.map(({ id }) => id))
    for (const id of this.#out.keys()) if (!ids.has(id)) this.#out.delete(id)
    const directories = directoriesOf(peers)
    for (const path of this.#files.keys()) if (!directories.has(path)) this.#files.delete(path)
    for (const path of this.#unreadable) if (!directories.has(path)) this.#unreadable.delete(path)
    this.#apply(true)
    if (directories.size === 0 || this.#isWatching) return
    this.#isWatching = true
    void this.#watch()
  }

  /** Looks at the directories now. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      await this.#read(directoriesOf(this.#peers))
      if (!this.#end.signal.aborted) this.#apply(false)
    })
    return this.#looking
  }

  close(): void {
    this.#end.abort()
  }

  async #watch(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted && directoriesOf(this.#peers).size > 0) {
      await this.look()
      await this.#options.delay(CONTROL_LIMITS.fileWatchMs, signal)
    }
    this.#isWatching = false
  }

  async #read(directories: ReadonlySet<string>): Promise<void> {
    const { list = listFiles, log } = this.#options
    for (const path of directories) {
      try {
        this.#files.set(path, new Set(await list(path)))
        this.#unreadable.delete(path)
      } catch (error) {
        if (this.#unreadable.has(path)) continue
        this.#unreadable.add(path)
        // Without a directory nothing is in maintenance; an unreadable one stays as it was.
        if (systemErrorCode(error) === 'ENOENT') this.#files.delete(path)
        log(
          'warn',
          `${callFailedText('opendir', `"${path}"`, error)}: maintenance files are not seen`,
        )
      }
    }
  }

  /** @param isNew the slots may be others: all are written */
  #apply(isNew: boolean): void {
    const { zone, now } = this.#options
    for (const peer of this.#peers) {
      const file = this.#fileFor(peer)
      const before = this.fileOf(peer.id)
      if (file !== null) this.#out.set(peer.id, file)
      else this.#out.delete(peer.id)
      const hasChanged = (before === null) !== (file === null)
      if (!hasChanged && !isNew) continue
      const wanted = file === null ? null : stateInMaintenance(peer)
      if (wanted !== null) zone.setState(peer.slot, wanted, true)
      for (const state of MAINTENANCE_STATES) {
        if (state !== wanted) zone.setState(peer.slot, state, false, hasChanged ? now() / 1000 : 0)
      }
      if (hasChanged) this.#tell(peer, file, before)
    }
  }

  #tell(peer: RosterPeer, file: string | null, before: string | null): void {
    const { onTransition, verdictOf, whyOf = () => '', now } = this.#options
    const isOut = file !== null
    const verdict = verdictOf(peer)
    const reason = verdict === 'up' ? '' : whyOf(peer)
    const still = verdict === 'up' ? '' : `, still ${verdict}${reason === '' ? '' : `: ${reason}`}`
    const why = isOut ? `maintenance file ${file}` : `maintenance file ${before} is gone${still}`
    const what = isOut ? 'in maintenance' : 'back from maintenance'
    const text = `${peerText(peer)} ${what}: ${why}${upstreamText(peer)}`
    onTransition({
      atMs: now(),
      peer,
      before: isOut ? verdict : 'maintenance',
      state: isOut ? 'maintenance' : verdict,
      why,
      text,
    })
  }

  #fileFor(peer: RosterPeer): string | null {
    const { maintenancePath } = peer.upstream
    if (maintenancePath === null) return null
    const files = this.#files.get(maintenancePath)
    if (files === undefined || files.size === 0) return null
    const name = maintenanceNames(peer).find(each => files.has(each))
    return name === undefined ? null : `${maintenancePath}/${name}`
  }
}

/** How a peer is taken out: for all, or for all but those that are bound to it. */
const MAINTENANCE_STATES = ['down', 'draining'] as const

function stateInMaintenance({ upstream }: RosterPeer): (typeof MAINTENANCE_STATES)[number] {
  const { probes } = upstream
  const isKeeping = probes.length > 0 && probes.every(({ keepsSessions }) => keepsSessions)
  return isKeeping ? 'draining' : 'down'
}

/** What a file is called that takes the peer out, the most exact first. */
export function maintenanceNames({
  address,
  resolved,
  line,
}: Pick<RosterPeer, 'address' | 'resolved' | 'line'>): readonly string[] {
  const names = [...namesOf(resolved.address), line.name, ...namesOf(line.address)]
  for (const rival of resolved.rivals ?? []) names.push(...namesOf(rival))
  return [...new Set([address, ...names])].filter(name => !name.includes('/'))
}

function namesOf(address: ListenAddress): readonly string[] {
  if (address.kind === 'unix') return []
  const { host, port } = address
  const [short = ''] = host.split('.')
  const isName = /[a-z]/i.test(host) && !host.includes(':')
  return [
    `${host}:${port}`,
    ...(isName && short !== host ? [`${short}:${port}`] : []),
    host,
    ...(host.includes(':') ? [`[${host}]`] : []),
    ...(isName && short !== host ? [short] : []),
  ]
}

function directoriesOf(peers: readonly RosterPeer[]): ReadonlySet<string> {
  const paths = peers.map(({ upstream }) => upstream.maintenancePath)
  return new Set(paths.filter(path => path !== null))
}

async function listFiles(path: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of await opendir(path)) {
    if (names.length >= CONTROL_LIMITS.maintenanceFilesMax) break
    names.push(name)
  }
  return names
}
