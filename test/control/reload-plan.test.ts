import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  dualStackIn,
  type Listening,
  listenAddresses,
  meetsOwn,
  planListeners,
  restartNotices,
  workerCount,
} from '../../src/control/reload-plan.ts'
import { addressText, type ListenAddress } from '../../src/model/listener.ts'
import { sampleConfig, tcp } from '../harness/sample-config.ts'

const unix = (path: string): ListenAddress => ({ kind: 'unix', path })

describe('listenAddresses', () => {
  it('takes each address once, in the order of the file', () => {
    const listen = [tcp('127.0.0.1:81'), tcp('127.0.0.1:80'), unix('/s'), tcp('127.0.0.1:81')]
    assert.deepEqual(listenAddresses(sampleConfig({ listen })).map(addressText), [
      '127.0.0.1:81',
      '127.0.0.1:80',
      'unix:/s',
    ])
  })
})

describe('planListeners', () => {
  const now: Listening = {
    wanted: [tcp('127.0.0.1:0'), tcp('0.0.0.0:80'), unix('/s')],
    bound: [tcp('127.0.0.1:41234'), tcp('0.0.0.0:80'), unix('/s')],
  }
  const plan = (...wanted: ListenAddress[]) => {
    const { listeners, opened, closed } = planListeners(now, wanted)
    return {
      listeners: listeners.map(addressText),
      opened: opened.map(addressText),
      closed: closed.map(addressText),
    }
  }

  it('keeps what stays, the chosen port of port 0 too', () => {
    assert.deepEqual(plan(unix('/s'), tcp('127.0.0.1:0'), tcp('0.0.0.0:80')), {
      listeners: ['unix:/s', '127.0.0.1:41234', '0.0.0.0:80'],
      opened: [],
      closed: [],
    })
  })

  it('opens what is new and closes what left', () => {
    assert.deepEqual(plan(tcp('0.0.0.0:80'), tcp('0.0.0.0:81'), unix('/t')), {
      listeners: ['0.0.0.0:80', '0.0.0.0:81', 'unix:/t'],
      opened: ['0.0.0.0:81', 'unix:/t'],
      closed: ['127.0.0.1:41234', 'unix:/s'],
    })
  })

  it('keeps a port that was chosen and is now written down', () => {
    assert.deepEqual(plan(tcp('127.0.0.1:41234')), {
      listeners: ['127.0.0.1:41234'],
      opened: [],
      closed: ['0.0.0.0:80', 'unix:/s'],
    })
  })

  it('leaves port 0 of another host to the workers', () => {
    assert.deepEqual(plan(tcp('127.0.0.2:0')).listeners, ['127.0.0.2:0'])
    assert.deepEqual(plan(tcp('127.0.0.2:0')).opened, ['127.0.0.2:0'])
  })
})

describe('meetsOwn', () => {
  const ROWS = [
    { address: tcp('0.0.0.0:80'), own: tcp('127.0.0.1:80'), meets: true },
    { address: tcp('127.0.0.1:80'), own: tcp('0.0.0.0:80'), meets: true },
    { address: tcp(':::80'), own: tcp('0.0.0.0:80'), meets: true },
    { address: tcp('127.0.0.1:80'), own: tcp('127.0.0.2:80'), meets: false },
    { address: tcp('0.0.0.0:80'), own: tcp('127.0.0.1:81'), meets: false },
    { address: unix('/s'), own: tcp('127.0.0.1:81'), meets: false },
    { address: tcp('0.0.0.0:80'), own: unix('/s'), meets: false },
  ]
  for (const { address, own, meets } of ROWS) {
    it(`${addressText(address)} ${meets ? 'meets' : 'does not meet'} ${addressText(own)}`, () => {
      assert.equal(meetsOwn(address, [own]), meets)
    })
  }
})

describe('dualStackIn', () => {
  it('is true for ipv6only=off alone', () => {
    const config = sampleConfig({ listen: [tcp(':::80'), tcp(':::81')] })
    const [server] = config.servers
    const listens = server!.listens.map((listen, index) => ({ ...listen, ipv6Only: index === 0 }))
    const isDual = dualStackIn({ ...config, servers: [{ ...server!, listens }] })
    assert.deepEqual([isDual(tcp(':::80')), isDual(tcp(':::81'))], [false, true])
  })
})

describe('workerCount', () => {
  it('is the number that is written, or one for each processor', () => {
    const count = (workerProcesses: number | 'auto', cpus: number) =>
      workerCount(sampleConfig({ process: { workerProcesses } }), cpus)
    assert.deepEqual([count(3, 8), count('auto', 8), count('auto', 0)], [3, 8, 1])
  })
})

describe('restartNotices', () => {
  const on = sampleConfig({ process: { isDaemon: true, workerProcesses: 2 } })

  it('is empty for what takes effect at once', () => {
    assert.deepEqual(restartNotices(on, on, 2), [])
    const more = sampleConfig({ process: { isDaemon: true, workerProcesses: 5 } })
    assert.deepEqual(restartNotices(on, more, 5), [])
  })

  it('names daemon, and a worker count that went down', () => {
    const off = sampleConfig({ process: { isDaemon: false, workerProcesses: 1 } })
    const [daemon, workers] = restartNotices(on, off, 2)
    assert.match(daemon ?? '', /daemon has changed/)
    assert.match(workers ?? '', /2 workers go on/)
  })
})
