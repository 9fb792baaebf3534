// The words of `headgate keepalived`; what they do is loaded when they are used.

import type { Command } from '../command.ts'

export const KEEPALIVED: Command = {
  name: 'keepalived',
  summary: 'Makes the keepalived.conf of a pair, and finds the mistakes in one that is there',
  word: 'init|check',
  second: 'FILE',
  options: {
    interface: { value: 'NAME', doc: 'init: that both machines see each other on' },
    address: { value: 'ADDR/BITS', isRepeatable: true, doc: 'init: the virtual address' },
    first: { value: 'ADDRESS', doc: 'init: of the machine that begins' },
    second: { value: 'ADDRESS', doc: 'init: of the other one' },
    'router-id': { value: 'N', doc: 'init: the pair’s number on its network (default: 51)' },
    advert: {
      value: 'SECONDS',
      doc: 'init: between adverts; below 1 makes it VRRPv3 (default: 1)',
    },
    multicast: { doc: 'init: adverts to the multicast group instead of the peer' },
    'stay-put': { doc: 'init: the address stays when the first machine returns (nopreempt)' },
    check: { value: 'FILE', doc: 'init: the check (default: /usr/local/bin/headgate-alive)' },
    user: { value: 'NAME', doc: 'init: who runs it (default: root)' },
    'notify-master': { value: 'COMMAND', doc: 'init: run when the address comes' },
    out: { value: 'DIR', doc: 'init: where the two files go (default: printed)' },
    force: { doc: 'init: over files that are there' },
    pair: { value: 'FILE', doc: 'check: the other machine’s file, to compare' },
  },
  details:
    'init   writes the files of both machines, each line explained; what no flag says is asked\n' +
    'check  finds what keeps a pair from failing over: words that keepalived passes over,\n' +
    '       nopreempt with MASTER or with a weight, checks that cannot fail or that start what\n' +
    '       they look at, adverts below a second in version 2, two routers with one id\n\n' +
    'Exit code: 0 when nothing is wrong, 1 when something is, 2 when the words make no sense.',
  run: async input => (await import('./keepalived-command.ts')).runKeepalived(input),
}
