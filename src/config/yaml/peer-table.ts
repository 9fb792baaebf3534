// One member of `peers`: an address, and how much it is asked. The names of the keys are those of
// nginx's `server` parameters.

import type { Peer } from '../../model/upstream.ts'
import { PEER_ADDRESS, type WrittenAddress } from './addresses.ts'
import { escapeText } from './interpolation.ts'
import type { Kind } from './kind.ts'
import { SECONDS } from './measures.ts'
import type { Plain } from './plain.ts'
import { placed, record, UNPLACED } from './record.ts'
import { isSameData, type Row, row, rowsOf } from './row.ts'
import { BOOLEAN, freeText, integer } from './words.ts'

const peerRow = rowsOf<Peer>()

/** As nginx: more makes no better balance, and sums stay far below the limit of exact integers. */
const WEIGHT_MAX = 65_535

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
]

const BLANK_PEER: Peer = {
  origin: UNPLACED,
  name: '',
  address: { kind: 'tcp', host: '', port: 0 },
  weight: 1,
  maxConns: 0,
  maxFails: 1,
  failTimeoutSeconds: 10,
  isBackup: false,
  isDown: false,
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
  finish: placed,
})

/** A peer of which only the address is known. */
export function plainPeer(written: WrittenAddress): Peer {
  return { ...BLANK_PEER, name: written.text, address: written.address }
}

function addressOf(peer: Peer): Plain {
  return PEER_ADDRESS.write({ text: peer.name, address: peer.address })
}
