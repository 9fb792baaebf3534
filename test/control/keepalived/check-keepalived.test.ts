// What `headgate keepalived check` finds in files as people publish them, and that it is silent about what is right.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { makeSource } from '../../../src/config/source.ts'
import { checkKeepalived } from '../../../src/control/keepalived/check-keepalived.ts'
import { checkPair } from '../../../src/control/keepalived/check-pair.ts'
import type { ScriptFiles } from '../../../src/control/keepalived/check-script.ts'

const CHECK = '#!/bin/sh\ncurl -fs http://127.0.0.1/ || exit 1\n'

function files(texts: Readonly<Record<string, string>> = {}): ScriptFiles {
  return {
    read: path => {
      const text = texts[path] ?? (path === '/check' ? CHECK : undefined)
      if (text === undefined) return 'missing'
      return text === 'binary' ? 'binary' : { text }
    },
  }
}

/** A file without a fault, with lines of it changed. */
function conf(change: Readonly<Record<string, string>> = {}): string {
  let text = `! a pair
global_defs {
  router_id lb1
  script_user root
  enable_script_security
}
vrrp_script chk {
  script "/check"
  interval 2
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 33
  priority 100
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass 1111
  }
  track_script {
    chk
  }
  virtual_ipaddress {
    192.168.3.100/24 dev eth0
  }
}
`
  for (const [from, to] of Object.entries(change)) {
    assert.ok(text.includes(from), from)
    text = text.replace(from, to)
  }
  return text
}

function found(text: string, texts: Readonly<Record<string, string>> = {}): string[] {
  const { items } = checkKeepalived(makeSource('k.conf', text), files(texts))
  return items.map(({ severity, message, hint, origin }) => {
    return `${origin.line}:${origin.column} ${severity}: ${message}${hint === '' ? '' : ` (${hint})`}`
  })
}

describe('keepalived check', () => {
  it('has nothing to say about a file that is right', () => {
    assert.deepEqual(found(conf()), [])
    assert.deepEqual(
      found(
        conf({
          'advert_int 1': 'version 3\n advert_int 0.1',
          'authentication {\n    auth_type PASS\n    auth_pass 1111\n  }': '',
        }),
      ),
      [],
    )
  })

  const ROWS: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'a misspelt nopreempt',
      { 'priority 100': 'priority 100\n  nopreemt' },
      /^16:3 error: unknown keyword "nopreemt" in vrrp_instance.*did you mean "nopreempt"/,
    ],
    [
      'a misspelt block',
      { 'vrrp_script chk': 'vrrp_scripts chk' },
      /unknown keyword "vrrp_scripts" at the top.*"vrrp_script"/,
    ],
    [
      'nopreempt with MASTER',
      { 'state BACKUP': 'state MASTER\n  nopreempt' },
      /error: nopreempt with state MASTER/,
    ],
    [
      'nopreempt with a weight',
      { 'interval 2': 'interval 2\n  weight -20', 'priority 100': 'priority 100\n  nopreempt' },
      /error: nopreempt with a check of weight -20: "VI_1" never fails over/,
    ],
    [
      'a weight of its own in track_script',
      { '    chk\n': '    chk weight -20\n', 'priority 100': 'priority 100\n  nopreempt' },
      /never fails over/,
    ],
    [
      'pidof as a script',
      { '"/check"': '"pidof nginx"' },
      /error: "pidof" as a script always fails/,
    ],
    [
      'pidof by its path',
      { '"/check"': '/bin/pidof nginx' },
      /error: "pidof" as a script always fails/,
    ],
    ['killall -0', { '"/check"': '"killall -0 nginx"' }, /warning: "killall -0" only sees/],
    [
      'a script without a directory',
      { '"/check"': '"check.sh"' },
      /warning: "check.sh" has no directory/,
    ],
    ['a script that is not there', { '"/check"': '"/none"' }, /warning: "\/none" is not there/],
    [
      'adverts below a second in version 2',
      { 'advert_int 1': 'advert_int 0.1' },
      /error: an advert_int of 0.1 s needs VRRP version 3/,
    ],
    [
      'an advert of version 3 that is too long',
      { 'advert_int 1': 'version 3\n  advert_int 60' },
      /error: an advert_int of version 3 is/,
    ],
    [
      'adverts that are no time',
      { 'advert_int 1': 'advert_int fast' },
      /error: "advert_int" is a time/,
    ],
    ['a long password', { '1111': 'averylongone' }, /warning: only the first 8 characters/],
    [
      'a password in version 3',
      { 'state BACKUP': 'version 3\n  state BACKUP' },
      /warning: VRRP version 3 has no authentication/,
    ],
    [
      'no address',
      { '192.168.3.100/24 dev eth0': '' },
      /warning: vrrp_instance "VI_1" has no virtual_ipaddress/,
    ],
    [
      'what is no address',
      { '192.168.3.100/24': '192.168.3.300/24' },
      /error: "192.168.3.300\/24" is no address/,
    ],
    [
      'two families',
      { '192.168.3.100/24 dev eth0': '10.0.0.1\n 2001:db8::1' },
      /error: "2001:db8::1" is of another family/,
    ],
    ['no interface', { 'interface eth0': '' }, /error: vrrp_instance "VI_1" has no "interface"/],
    [
      'an id out of range',
      { 'virtual_router_id 33': 'virtual_router_id 256' },
      /error: "virtual_router_id" is a number from 1 to 255/,
    ],
    [
      'a priority that is none',
      { 'priority 100': 'priority high' },
      /error: "priority" is a number/,
    ],
    ['a check that nobody uses', { '    chk\n': '' }, /warning: vrrp_script "chk" is not used/],
    [
      'a check that is not there',
      { '    chk\n': '    chk2\n' },
      /error: there is no vrrp_script "chk2"/,
    ],
    [
      'no check at all',
      { 'track_script {\n    chk\n  }': '' },
      /warning: "VI_1" looks at nothing but the network/,
    ],
    [
      'a positive weight',
      { 'interval 2': 'interval 2\n  weight 20' },
      /warning: a check of weight 20 adds/,
    ],
    [
      'a timeout beyond the interval',
      { 'interval 2': 'interval 2\n  timeout 10' },
      /warning: a timeout of 10 s is longer/,
    ],
    ['no user for scripts', { 'script_user root': '' }, /warning: nobody is named/],
    [
      'no script security',
      { enable_script_security: '' },
      /notice: scripts are run without a look/,
    ],
    [
      'unicast without a peer',
      { 'priority 100': 'unicast_src_ip 10.0.0.1' },
      /warning: unicast_src_ip without unicast_peer/,
    ],
    [
      'an empty peer list',
      { 'priority 100': 'unicast_peer {\n }' },
      /error: unicast_peer is empty/,
    ],
    [
      'itself as a peer',
      { 'priority 100': 'unicast_src_ip 10.0.0.1\n unicast_peer {\n 10.0.0.1\n }' },
      /error: this machine is its own peer/,
    ],
    [
      'a peer by name',
      { 'priority 100': 'unicast_peer {\n lb2\n }' },
      /error: "lb2" is no address/,
    ],
    [
      'IPVS',
      { '! a pair': 'virtual_server 10.0.0.1 80 {\n}' },
      /notice: virtual_server balances by IPVS/,
    ],
    [
      'a block that is not closed',
      {
        'virtual_ipaddress {\n    192.168.3.100/24 dev eth0\n  }\n}':
          'virtual_ipaddress {\n 10.0.0.1\n',
      },
      /error: this block is not closed/,
    ],
    ['a brace too many', { '! a pair': '}' }, /error: a "}" that closes nothing/],
    ['a quote that stays open', { '"/check"': '"/check' }, /error: the quote is not closed/],
  ]
  for (const [name, change, said] of ROWS) {
    it(`finds ${name}`, () => {
      const lines = found(conf(change))
      assert.ok(
        lines.some(line => said.test(line)),
        lines.join('\n'),
      )
    })
  }

  it('finds two routers with one id on one network', () => {
    const second = conf().slice(conf().indexOf('vrrp_instance')).replace('VI_1', 'VI_2')
    assert.match(
      found(conf() + second).join('\n'),
      /error: virtual_router_id 33 on eth0 is that of "VI_1"/,
    )
    const elsewhere = second.replace('interface eth0', 'interface eth1')
    assert.deepEqual(found(conf() + elsewhere), [])
  })

  const SCRIPTS: readonly (readonly [string, string, RegExp | null])[] = [
    ['never fails', '#!/bin/sh\necho ok\n', /never says that something is wrong/],
    [
      'starts the server',
      '#!/bin/sh\nif ! pidof nginx; then\n/usr/local/nginx/sbin/nginx\nsleep 2\nexit 1\nfi\n',
      /starts what it should look at/,
    ],
    [
      'starts it by systemd',
      '#!/bin/sh\nsystemctl restart headgate || exit 1\n',
      /starts what it should look at/,
    ],
    ['ends keepalived', '#!/bin/sh\nkillall keepalived\nexit 1\n', /ends keepalived/],
    [
      'came with a long dash',
      '#!/bin/sh\nps -C nginx \u2013no-header || exit 1\n',
      /line 2 has a long dash/,
    ],
    ['has only comments about it', '#!/bin/sh\n# exit 1 would be right\ntrue\n', /never says/],
    ['fails by set -e', '#!/bin/sh\nset -e\ncurl -f http://127.0.0.1/\n', null],
    ['fails by its last exit', '#!/bin/sh\ncurl -f http://127.0.0.1/; exit $?\n', null],
    ['is a program', 'binary', null],
  ]
  for (const [name, text, said] of SCRIPTS) {
    it(`looks into a script that ${name}`, () => {
      const lines = found(conf(), { '/check': text }).join('\n')
      if (said === null) assert.equal(lines, '')
      else assert.match(lines, said)
    })
  }
})

describe('keepalived check --pair', () => {
  const OTHER = { router_id: 'router_id', 'priority 100': 'priority 90' }
  const both = (
    change: Readonly<Record<string, string>>,
    mine: Readonly<Record<string, string>> = {},
  ) => {
    const one = checkKeepalived(makeSource('a', conf(mine)), files())
    const two = checkKeepalived(makeSource('b', conf(change)), files())
    return checkPair(one.instances, two.instances).map(({ message }) => message)
  }

  it('has nothing to say about a pair that fits', () => {
    assert.deepEqual(both(OTHER), [])
    const unicast = (self: string, peer: string) =>
      `unicast_src_ip ${self}\n unicast_peer {\n ${peer}\n }\n priority`
    assert.deepEqual(
      both(
        { 'priority 100': `${unicast('10.0.0.2', '10.0.0.1')} 90` },
        { 'priority 100': `${unicast('10.0.0.1', '10.0.0.2')} 100` },
      ),
      [],
    )
  })

  const ROWS: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    ['one priority', {}, /both have priority 100/],
    [
      'another router',
      { ...OTHER, 'virtual_router_id 33': 'virtual_router_id 34' },
      /the other file has no router 34/,
    ],
    ['other adverts', { ...OTHER, 'advert_int 1': 'advert_int 2' }, /"advert_int" is not the same/],
    ['another password', { ...OTHER, '1111': '2222' }, /"authentication" is not the same/],
    [
      'another address',
      { ...OTHER, '192.168.3.100': '192.168.3.101' },
      /"virtual_ipaddress" is not the same/,
    ],
    [
      'another version',
      { ...OTHER, 'state BACKUP': 'version 3\n state BACKUP' },
      /VRRP version 3 here, 2 there/,
    ],
    [
      'nopreempt on one side',
      { 'priority 100': 'priority 90\n nopreempt' },
      /only one of the two has nopreempt/,
    ],
    [
      'unicast on one side',
      { 'priority 100': 'priority 90\n unicast_peer {\n 10.0.0.1\n }' },
      /one sends to a peer/,
    ],
  ]
  for (const [name, change, said] of ROWS) {
    it(`finds ${name}`, () => {
      const lines = both(change)
      assert.ok(
        lines.some(line => said.test(line)),
        lines.join('\n'),
      )
    })
  }
})
