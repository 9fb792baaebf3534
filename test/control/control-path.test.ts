import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import {
  askedControlPaths,
  claimDirectory,
  directoryProblem,
  usualControlPaths,
} from '../../src/control/control-path.ts'
import { makeDirectory } from '../harness/program.ts'

const PLACE = {
  configFile: '/etc/nginx/nginx.conf',
  env: {},
  userId: 1000,
  runDirectory: '/run',
  temporaryDirectory: '/tmp',
}

describe('usualControlPaths', () => {
  // The first eight digits of `printf /etc/nginx/nginx.conf | sha256sum`.
  const name = /^nginx\.conf-[0-9a-f]{8}\.sock$/
  const rows = [
    { name: 'a user without a session', parts: {}, parents: ['/tmp/headgate-1000'] },
    {
      name: 'a user with a session',
      parts: { env: { XDG_RUNTIME_DIR: '/run/user/1000' } },
      parents: ['/run/user/1000/headgate', '/tmp/headgate-1000'],
    },
    {
      name: 'root',
      parts: { userId: 0 },
      parents: ['/run/headgate', '/tmp/headgate-0'],
    },
    {
      name: 'a session directory that is relative',
      parts: { env: { XDG_RUNTIME_DIR: 'run' } },
      parents: ['/tmp/headgate-1000'],
    },
  ]
  for (const { name: who, parts, parents } of rows) {
    it(`are those of ${who}`, () => {
      const paths = usualControlPaths({ ...PLACE, ...parts })
      assert.deepEqual(
        paths.map(path => path.slice(0, path.lastIndexOf('/'))),
        parents,
      )
      for (const path of paths) assert.match(path.slice(path.lastIndexOf('/') + 1), name)
    })
  }

  it('are others for another file of the same name, and the same for the same file', () => {
    const of = (configFile: string) => usualControlPaths({ ...PLACE, configFile })[0]
    assert.notEqual(of('/etc/nginx/nginx.conf'), of('/etc/other/nginx.conf'))
    assert.equal(of('/etc/nginx/nginx.conf'), of('/etc/nginx/nginx.conf'))
  })

  it('have no characters in the name that a shell would take for its own', () => {
    const [path] = usualControlPaths({ ...PLACE, configFile: '/etc/my conf$.d' })
    assert.match(path!, /\/my_conf_\.d-[0-9a-f]{8}\.sock$/)
  })
})

describe('askedControlPaths', () => {
  const own = process.getuid!()
  const make = (t: TestContext) => {
    const base = makeDirectory(t)
    const place = { ...PLACE, runDirectory: join(base, 'run'), temporaryDirectory: base }
    const parents = (userId: number) =>
      askedControlPaths({ ...place, userId }).map(path => path.slice(0, path.lastIndexOf('/')))
    return { base, parents }
  }

  it('are our own first, then those of services and of other users', t => {
    const { base, parents } = make(t)
    const theirs = join(base, `headgate-${own}`)
    mkdirSync(theirs, { mode: 0o700 })
    const me = own + 1
    assert.deepEqual(parents(me), [
      join(base, `headgate-${me}`),
      join(base, 'run/headgate'),
      theirs,
    ])
  })

  it('are never where somebody else could have put a socket', t => {
    const { base, parents } = make(t)
    mkdirSync(join(base, `headgate-${own + 7}`), { mode: 0o700 })
    mkdirSync(join(base, 'headgate-backup'), { mode: 0o700 })
    mkdirSync(join(base, `headgate-${own}`))
    chmodSync(join(base, `headgate-${own}`), 0o777)
    assert.deepEqual(parents(own + 1), [
      join(base, `headgate-${own + 1}`),
      join(base, 'run/headgate'),
    ])
  })

  it('are those of sessions too for root alone', t => {
    const { base, parents } = make(t)
    const session = join(base, 'run/user', String(own), 'headgate')
    mkdirSync(session, { recursive: true, mode: 0o700 })
    assert.equal(parents(0).includes(session), true)
    assert.equal(parents(own + 1).includes(session), false)
  })
})

describe('claimDirectory', () => {
  const own = process.getuid!()

  it('makes a directory that is ours alone', t => {
    const path = join(makeDirectory(t), 'headgate', 'a.sock')
    assert.equal(claimDirectory(path, own), null)
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
    assert.equal(claimDirectory(path, own), null)
  })

  it('makes no more than one', t => {
    const parent = join(makeDirectory(t), 'a')
    assert.equal(
      claimDirectory(join(parent, 'b', 'a.sock'), own),
      `mkdir() "${join(parent, 'b')}" failed (2: No such file or directory)`,
    )
  })

  const refusals = [
    {
      name: 'a directory of somebody else',
      make: (path: string) => mkdirSync(path, { mode: 0o700 }),
      userId: own + 1,
      says: /belongs to user/,
    },
    {
      name: 'a directory that others may write into',
      make: (path: string) => {
        mkdirSync(path)
        chmodSync(path, 0o777)
      },
      userId: own,
      says: /others may write into .* \(mode 0777\)/,
    },
    {
      name: 'a link',
      make: (path: string) => {
        mkdirSync(`${path}-behind`, { mode: 0o700 })
        symlinkSync(`${path}-behind`, path)
      },
      userId: own,
      says: /is a link/,
    },
    {
      name: 'a file',
      make: (path: string) => writeFileSync(path, ''),
      userId: own,
      says: /is no directory/,
    },
  ]
  for (const { name, make, userId, says } of refusals) {
    it(`refuses ${name}`, t => {
      const path = join(makeDirectory(t), 'headgate')
      make(path)
      assert.match(claimDirectory(join(path, 'a.sock'), userId)!, says)
      assert.match(directoryProblem(path, userId)!, says)
    })
  }
})
