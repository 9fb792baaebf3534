// What ldirectord itself takes and refuses, line by line, beside what this reader does. Where ldirectord is installed it
// is asked (`ldirectord -d FILE status` reads the file first: exit code 2 for a bad one); it was, for version 1.186-ha of
// Debian 12. The rows that differ say why.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { readCf } from './golden.ts'

const SECTION = 'virtual=10.0.0.9:80\n    real=10.0.1.1:80 gate\n'

/** Lines at the margin. */
const GLOBALS = {
  taken: [
    'checktimeout=5',
    'checktimeout = 5',
    'checktimeout=5s',
    'checktimeout="5"',
    'checkinterval=5 # c',
    'checkcount=3',
    'failurecount=2',
    'autoreload=yes',
    'callback="/bin/x"',
    'fallback=127.0.0.1:80',
    'fallback=127.0.0.1',
    'fallback=127.0.0.1:80 gate',
    'fallback6=[::1]:80',
    'fallbackcommand=/bin/x',
    'fallbackcommand="/bin/x"',
    'emailalert="a@b"',
    'emailalert=a@b, c@d',
    'emailalertfrom=a@b',
    'emailalertfreq=3',
    'emailalertstatus=all',
    'emailalertstatus=running,starting',
    'smtp=127.0.0.1',
    'execute=x',
    'supervised',
    'supervised=yes',
    'fork=yes',
    'quiescent=no',
    'readdquiescent=yes',
    'cleanstop=no',
    'maintenancedir=/tmp',
  ],
  refused: [
    'checktimeout=0',
    'checktimeout=',
    'checktimeout 5',
    'negotiatetimeout=x',
    'checkinterval=0',
    'failurecount=0',
    'autoreload=on',
    'autoreload="yes"',
    'callback=/bin/x',
    'fallback=127.0.0.1:80 route',
    'fallback6=127.0.0.1:80',
    'fallback=[::1]:80',
    'logfile=local0',
    'emailalertfreq=x',
    'emailalertstatus=none,all',
    'emailalertstatus=x',
    'smtp=',
    'supervised=1',
    'fork=x',
    'quiescent=1',
    'cleanstop=off',
    'timeout=3',
    'connecttimeout=3',
    'service=http',
    'scheduler=rr',
    'foo=1',
    'Checktimeout=5',
    ' checktimeout=5',
    '\tchecktimeout=5',
  ],
} as const

/** Options of a section. */
const OPTIONS = {
  taken: [
    'checktimeout=5',
    'checktype=connect',
    'checktype=negotiate',
    'checktype=5',
    'checktype=0',
    'checktype=external',
    'checktype=on',
    'checktype=off',
    'checktype=ping',
    'checkcommand="/bin/x"',
    'checkcommand=/bin/x',
    'checkport=80',
    'request="a"',
    'receive="a"',
    'receive="a" b',
    'login="x"',
    'passwd="x"',
    'database="x"',
    'secret="x"',
    'load="x"',
    'scheduler=wlc',
    'persistent=60',
    'schedflags=x',
    'netmask=255.255.255.0',
    'protocol=tcp',
    'ops=no',
    'service=http',
    'service=https',
    'service=simpletcp',
    'service=none',
    'service=smtp',
    'httpmethod=GET',
    'httpmethod=get',
    'virtualhost="a.b"',
    'virtualhost=a.b',
    'fallback=127.0.0.1:80 gate',
    'fallbackcommand="/x"',
    'quiescent=yes',
    'emailalert=a@b',
    'emailalertfreq=0',
    'emailalertstatus=none',
    'cleanstop=yes',
    'smtp=h',
    'servicename=x',
    'comment=x y',
    '# comment',
    'real=10.0.0.1 masq',
    'real=10.0.0.1:80 gate 5',
    'real=10.0.0.1:80 gate 5 "a", "b"',
    'real=10.0.0.1:80 gate "a" "b"',
    'real=10.0.0.1:80 gate 5 l:3 u:4',
    'real=10.0.0.1->10.0.0.3:80 gate',
    'real=10.0.0.1:80\tgate',
    'real=10.0.0.1:80 gate # c',
  ],
  refused: [
    'checktimeout=0',
    'checktype=foo',
    'checktype=Connect',
    'checkport=0',
    'checkport=65536',
    'request=a',
    'request=""',
    'receive=a',
    'receive=""',
    'login=x',
    'load=x',
    'scheduler=RR',
    'persistent=x',
    'netmask=x',
    'protocol=fwm',
    'ops=x',
    'service=foo',
    'service=HTTP',
    'httpmethod=POST',
    'fallback6=[::1]:80',
    'quiescent=maybe',
    'emailalertfrom=a@b',
    'timeout=4',
    'connecttimeout=4',
    'foo=1',
    'autoreload=yes',
    'fork=yes',
    'real=10.0.0.1:80',
    'real=10.0.0.1:80 gate x',
    'real=10.0.0.1:80 gate 5 "a"',
    'real=10.0.0.1:80 foo',
    'real=10.0.0.3->10.0.0.1:80 gate',
    'real=10.0.0.1:nosuch gate',
    'real6=[::1]:80 gate',
    'real=10.0.0.256:80 gate',
  ],
} as const

const FILES: readonly Row[] = [
  { name: 'two spaces', text: SECTION.replace('    ', '  '), isTaken: false },
  { name: 'a tab', text: SECTION.replace('    ', '\t'), isTaken: true },
  { name: 'a blank line inside', text: `${SECTION}\n    service=http\n`, isTaken: false },
  {
    name: 'a directive inside',
    text: `${SECTION}quiescent=no\n    service=http\n`,
    isTaken: false,
  },
  {
    name: 'no-break spaces',
    text: SECTION.replace('    ', '\u00a0'.repeat(4)),
    isTaken: true,
    theirs: false,
  },
  { name: 'one address twice', text: SECTION + SECTION, isTaken: false },
  { name: 'an indented section', text: `    ${SECTION}`, isTaken: false },
  { name: 'IPv6', text: 'virtual6=[::1]:80\n    real6=[::2]:80 gate\n', isTaken: true },
  { name: 'IPv6 below virtual', text: SECTION.replace('10.0.0.9', '[::1]'), isTaken: false },
  { name: 'a port without a name', text: SECTION.replace(':80\n', ':nosuch\n'), isTaken: false },
  // What a proxy of requests cannot do.
  {
    name: 'a firewall mark',
    text: SECTION.replace('10.0.0.9:80', '1'),
    isTaken: false,
    theirs: true,
  },
  { name: 'every port', text: SECTION.replace(':80\n', ':0\n'), isTaken: false, theirs: true },
  // What serves nobody.
  {
    name: 'no reals',
    text: 'virtual=10.0.0.9:80\n    service=http\n',
    isTaken: false,
    theirs: true,
  },
  { name: 'nothing', text: '\n', isTaken: false, theirs: true },
  // ldirectord hands any word on, and the kernel refuses it.
  { name: 'no scheduler', text: `${SECTION}    scheduler=foo\n`, isTaken: false, theirs: true },
  { name: 'bits of IPv4', text: `${SECTION}    netmask=24\n`, isTaken: true, theirs: false },
]

interface Row {
  readonly name: string
  readonly text: string
  readonly isTaken: boolean
  /** Where ldirectord does otherwise. */
  readonly theirs?: boolean
}

const ROWS: readonly Row[] = [
  ...[true, false].flatMap(isTaken => {
    const key = isTaken ? 'taken' : 'refused'
    return [
      ...GLOBALS[key].map(line => ({ name: line, text: `${line}\n${SECTION}`, isTaken })),
      ...OPTIONS[key].map(line => ({
        name: `${line} in a section`,
        text: `${SECTION}    ${line}\n`,
        isTaken,
      })),
    ]
  }),
  ...FILES,
]

const hasLdirectord = spawnSync('ldirectord', ['--version']).status === 0

describe('ldirectordReader, beside ldirectord', () => {
  for (const { name, text, isTaken } of ROWS) {
    it(`${isTaken ? 'takes' : 'refuses'} ${name.replaceAll('\t', ' ')}`, () => {
      assert.equal(readCf(text).config !== null, isTaken)
    })
  }
})

describe('ldirectord', { skip: hasLdirectord ? false : 'ldirectord is not there' }, () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'acceptance-'))
    // In debug mode it takes the one in its own directory: no kernel is touched.
    writeFileSync(join(directory, 'ipvsadm'), '#!/bin/sh\n', { mode: 0o755 })
  })
  after(() => rmSync(directory, { recursive: true }))

  it('takes all that is taken, in one file', () => {
    const options = OPTIONS.taken.map(line => `    ${line}\n`).join('')
    const text = `${GLOBALS.taken.join('\n')}\n${SECTION}${options}`
    assert.equal(readsIt(text).status, 3, readsIt(text).stderr)
  })

  const others = ROWS.filter(row => !row.isTaken || FILES.includes(row))
  for (const { name, text, isTaken, theirs = isTaken } of others) {
    it(`${theirs ? 'takes' : 'refuses'} ${name.replaceAll('\t', ' ')}`, () => {
      const { status, stderr } = readsIt(text)
      assert.equal(status, theirs ? 3 : 2, stderr)
    })
  }

  function readsIt(text: string) {
    writeFileSync(join(directory, 'one.cf'), text)
    return spawnSync('ldirectord', ['-d', './one.cf', 'status'], {
      cwd: directory,
      encoding: 'utf8',
    })
  }
})
