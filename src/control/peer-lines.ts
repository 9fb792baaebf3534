// From `server` lines to peers: what each line stands for now, in the order of the lines, and with what a name's
// service records say of port, weight and rank (RFC 2782; nginx: `service=`). Pure over what the lines hold.

import type { WatchedAddress } from '../dns/name-watch.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import { type Upstream, WEIGHT_TOTAL_MAX } from '../model/upstream.ts'
import type { PeerAddress, UpstreamAddresses } from './resolve.ts'

/** What one `server` line stands for: changes by itself where a name is followed. */
export interface PeerLine {
  readonly addresses: readonly ListenAddress[]
  /** Set where a name is followed: then these count, with the port of the line. */
  readonly watched: readonly WatchedAddress[] | null
}

/** The lines of one upstream. */
export interface UpstreamLines {
  readonly upstream: Upstream
  readonly lines: readonly PeerLine[]
}

/** A line whose addresses stay as they are. */
export function makeLine(addresses: readonly ListenAddress[]): PeerLine {
  return { addresses, watched: null }
}

/** The peers of an upstream as they are now. */
export function listPeers({ upstream, lines }: UpstreamLines): UpstreamAddresses {
  const peers = lines.flatMap((line, peer): readonly PeerAddress[] => {
    const found =
      line.watched === null
        ? line.addresses.map(address => ({ peer, address }))
        : line.watched.flatMap(found => peerOf(upstream, peer, found) ?? [])
    return upstream.peers[peer]!.isRaced && found.length > 1 ? [raceOf(upstream, found)] : found
  })
  return { name: upstream.name, peers }
}

/** All addresses of a line as one peer, which keeps its name whatever that stands for. */
function raceOf(upstream: Upstream, found: readonly PeerAddress[]): PeerAddress {
  const { peer } = found[0]!
  const rivals = found.map(({ address }) => address)
  return { peer, address: upstream.peers[peer]!.address, rivals }
}

/** Why these peers cannot be taken together; the empty string when they can. */
export function weightProblem(upstream: Upstream, { peers }: UpstreamAddresses): string {
  const total = peers.reduce(
    (sum, { peer, weight }) => sum + (weight ?? upstream.peers[peer]!.weight),
    0,
  )
  return total <= WEIGHT_TOTAL_MAX
    ? ''
    : `the weights of its ${peers.length} addresses pass ${WEIGHT_TOTAL_MAX}`
}

/** Whether two lists have the same peers in the same order, whatever else is noted beside them. */
export function isSameList(a: readonly PeerAddress[], b: readonly PeerAddress[]): boolean {
  if (a.length !== b.length) return false
  return a.every((peer, index) => {
    const other = b[index]!
    return (
      peer.peer === other.peer &&
      peer.weight === other.weight &&
      peer.isBackup === other.isBackup &&
      addressText(peer.address) === addressText(other.address) &&
      rivalsText(peer) === rivalsText(other)
    )
  })
}

function rivalsText({ rivals = [] }: PeerAddress): string {
  return rivals.map(addressText).join()
}

/** One address of a followed name as a peer; null for one that the line has no use for. */
function peerOf(upstream: Upstream, peer: number, found: WatchedAddress): PeerAddress | null {
  const line = upstream.peers[peer]!
  const { address } = line
  if (address.kind === 'unix') return null
  // The line's own `backup` says what the best of the service are, and what is behind these has no rank left.
  if (line.isBackup && found.isBackup) return null
  return {
    peer,
    address: { kind: 'tcp', host: found.host, port: found.port ?? address.port },
    ...(found.weight !== null && line.weight === 1 ? { weight: found.weight } : {}),
    ...(found.isBackup ? { isBackup: true } : {}),
  }
}
