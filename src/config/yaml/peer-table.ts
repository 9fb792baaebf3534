// One member of `peers`: an address, and how much it is asked. The names of the keys are those of
// nginx's `server` parameters.

import { isIP } from 'node:net'
import { type Peer, PLAIN_PEER, ROUTE_BYTES_MAX } from '../../model/upstream.ts'
import { PEER_ADDRESS, type WrittenAddress } from './addresses.ts'
import { escapeText, readText } from './interpolation.ts'
import { type Kind, nullable } from './kind.ts'
import { SECONDS } from './measures.ts'
import type { Plain } from './plain.ts'
import type { Reading } from './reading.ts'
import { placed, record, UNPLACED } from './record.ts'
import { isSameData, type Origins, type Row, row, rowsOf } from './row.ts'
import { BOOLEAN, choice, freeText, integer } from './words.ts'

const peerRow = rowsOf<Peer>()

/** As nginx: more makes no better balance, and sums stay far below the limit of exact integers. */
const WEIGHT_MAX = 65_535
/** What an address without a port has. */
const DEFAULT_PORT = 80

const ROUTE: Kind<string> = {
  ...freeText('text', `at most ${ROUTE_BYTES_MAX} bytes such as a`),
  read(node, reading) {
    const text = readText(node, reading)
    if (text === undefined) return undefined
    const bytes = text === null ? 0 : Buffer.byteLength(text)
    if (text !== null && bytes > 0 && bytes <= ROUTE_BYTES_MAX) return text
    return reading.unwanted(node, `1 to ${ROUTE_BYTES_MAX} bytes such as a`)
  },
}

const PEER_ROWS: readonly Row<Peer>[] = [
  {
    ...row<Peer, WrittenAddress>(
      'address',
      'address',
      PEER_ADDRESS,
      {
        get: peer => ({ text: peer.name, address: peer.address }),
        put: (peer, written) => ({ ...peer, name: written.text, address: written.address }),
      },
      { doc: 'Host and port (80 where none is written), or `unix:` and a path', isRequired: true },
    ),
    write: addressOf,
  },
  {
    ...peerRow('name', 'name', freeText('text', 'a name for the logs'), {
      doc: 'What logs call it; the address as written where it is missing',
    }),
    write: peer => (addressOf(peer) === escapeText(peer.name) ? undefined : escapeText(peer.name)),
  },
  peerRow('weight', 'weight', integer(1, WEIGHT_MAX), {
    doc: 'Share of the requests',
    nginx: 'weight=',
  }),
  peerRow('max_fails', 'maxFails', integer(0), {
    doc: 'Failures within `fail_timeout` that make it unavailable for as long; 0 = never',
    nginx: 'max_fails=',
  }),
  peerRow('fail_timeout', 'failTimeoutSeconds', SECONDS, {
    doc: 'See `max_fails`',
    nginx: 'fail_timeout=',
  }),
  peerRow('max_conns', 'maxConns', integer(0), {
    doc: 'Requests in flight at most, over all workers; 0 = no limit',
    nginx: 'max_conns=',
  }),
  peerRow('backup', 'isBackup', BOOLEAN, {
    doc: 'Asked only when no other is available',
    nginx: 'backup',
  }),
  peerRow('down', 'isDown', BOOLEAN, { doc: 'Gets no requests', nginx: 'down' }),
  peerRow('drain', 'isDraining', BOOLEAN, {
    doc: 'Gets only requests that are bound to it',
    nginx: 'drain',
  }),
  peerRow('slow_start', 'slowStartSeconds', SECONDS, {
    doc: 'How long its weight takes to rise from a tenth after it was unavailable',
    nginx: 'slow_start=',
  }),
  peerRow('route', 'route', nullable(ROUTE), {
    doc: 'What `sticky` calls it; without, a digest of its address',
    nginx: 'route=',
  }),
  peerRow('resolve', 'isResolving', BOOLEAN, {
    doc: 'Look its name up again and again while the program runs',
    nginx: 'resolve',
  }),
  row<Peer, 'each' | 'race'>(
    'addresses',
    'isRaced',
    choice(['each', 'race']),
    {
      get: peer => (peer.isRaced ? 'race' : 'each'),
      put: (peer, use) => ({ ...peer, isRaced: use === 'race' }),
    },
    {
      doc:
        'What the addresses of its name are: `each` a peer, or `race` for one peer, where the ' +
        'first address that takes a connection gets it',
      nginx: 'race',
    },
  ),
  peerRow('service', 'service', nullable(freeText('text', 'a service such as http')), {
    doc: 'Look up SRV records of this service, with `resolve`',
    nginx: 'service=',
  }),
]

const BLANK_PEER: Peer = {
  origin: UNPLACED,
  name: '',
  address: { kind: 'tcp', host: '', port: 0 },
  ...PLAIN_PEER,
}

/** An address, or a mapping. */
export const PEER: Kind<Peer> = record<Peer>({
  label: 'peer',
  wanted: 'an address such as 192.168.3.19:8000, or a mapping with address, weight, …',
  place: 'in a peer',
  rows: PEER_ROWS,
  blank: () => BLANK_PEER,
  short: {
    read: (node, reading) => {
      const written = PEER_ADDRESS.read(node, reading)
      if (written === undefined) return undefined
      return { ...plainPeer(written), origin: reading.origin(node) }
    },
    write: peer => {
      const written = { text: peer.name, address: peer.address }
      const isPlain = addressOf(peer) === escapeText(peer.name)
      return isPlain && isSameData(peer, plainPeer(written)) ? addressOf(peer) : undefined
    },
    schema: PEER_ADDRESS.schema(),
  },
  finish: (draft, node, reading, origins) => {
    const problem = serviceProblem(draft)
    if (problem !== '') {
      return reading.errorAt(origins.service!, `Cannot use service "${draft.service}": ${problem}`)
    }
    warnOfAddress(draft, reading, origins)
    const isResolving = draft.isResolving && isName(draft)
    const isRaced = draft.isRaced && isName(draft)
    return placed({ ...draft, isResolving, isRaced }, node, reading, origins)
  },
})

/** A peer of which only the address is known. */
export function plainPeer(written: WrittenAddress): Peer {
  return { ...BLANK_PEER, name: written.text, address: written.address }
}

/** There is nothing to look up for an address as it is, as in nginx, and nothing to race between. */
function isName({ address }: Peer): boolean {
  return address.kind === 'tcp' && isIP(address.host) === 0
}

function warnOfAddress(peer: Peer, reading: Reading, origins: Origins): void {
  if (isName(peer)) return
  const words = [
    ['resolve', peer.isResolving, origins.isResolving],
    ['addresses: race', peer.isRaced, origins.isRaced],
  ] as const
  for (const [word, isWritten, origin] of words) {
    if (!isWritten || origin === undefined) continue
    const message = `"${word}" has no effect: "${peer.name}" is an address, not a name`
    reading.warnAt(origin, message, 'leave it out, or write a name')
  }
}

function serviceProblem(peer: Peer): string {
  if (peer.service === null) return ''
  if (!peer.isResolving) return 'wants "resolve: true" beside it'
  if (peer.isRaced) return 'its records are peers of their own, never raced for'
  if (peer.address.kind !== 'tcp' || isIP(peer.address.host) !== 0) return 'wants a domain name'
  return peer.address.port === DEFAULT_PORT ? '' : 'wants a name without a port'
}

function addressOf(peer: Peer): Plain {
  return PEER_ADDRESS.write({ text: peer.name, address: peer.address })
}
