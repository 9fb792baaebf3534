// The words of `headgate floating-ip`; what they do is loaded when they are used.

import type { Command } from '../command.ts'

export const FLOATING_IP: Command = {
  name: 'floating-ip',
  summary: "Takes a cloud's floating address for this machine, as keepalived's notify_master",
  word: 'assign|show',
  options: {
    address: { value: 'ADDRESS', doc: 'the floating address' },
    provider: {
      value: 'NAME',
      choices: ['digitalocean', 'hetzner', 'ec2', 'command'],
      doc: 'whose it is',
    },
    machine: { value: 'ID', doc: 'this machine (default: as the metadata service says)' },
    'token-file': { value: 'FILE', doc: 'the API token, in a file of mode 0600' },
    tries: { value: 'N', doc: 'how often to try (default: 10)' },
    pause: { value: 'SECONDS', doc: 'between two tries (default: 3)' },
    timeout: { value: 'SECONDS', doc: 'of one request (default: 5)' },
    region: { value: 'NAME', doc: 'ec2: in place of that of the machine' },
    command: {
      value: 'FILE',
      doc: 'command: run as FILE holder ADDRESS, FILE assign ADDRESS ID',
    },
    api: { value: 'URL', doc: 'base of the API, in place of the usual one' },
    metadata: { value: 'URL', doc: 'base of the metadata service' },
  },
  details:
    'assign  looks whose the address is; when it is not here, asks for it until it is\n' +
    'show    says whose it is\n\n' +
    'Tokens: DIGITALOCEAN_TOKEN (or DO_TOKEN), HCLOUD_TOKEN, AWS_ACCESS_KEY_ID with\n' +
    'AWS_SECRET_ACCESS_KEY (else the keys of a role of the machine), or --token-file.\n' +
    'Exit code: 0 when the address is here, 1 when it is not, 2 when the words make no sense.',
  run: async input => (await import('./floating-ip-command.ts')).runFloatingIp(input),
}
