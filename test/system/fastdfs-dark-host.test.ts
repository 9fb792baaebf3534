// A host of a FastDFS cluster goes dark under load: its port of the switch is dead, so nothing answers, neither a SYN nor
// what is sent on open connections. Users wait two seconds, then they leave. With a second host that could answer, none
// of them is to be lost; real nginx runs beside on the same file in the same outage, and what it loses is printed.

import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import {
  frontNginx,
  frontYaml,
  STORAGE_NGINX,
  startNginxOn,
  startProgramOn,
  type Tier,
  TierFiles,
  TRACKER_PORT,
  trackerNginx,
  trackerYaml,
} from '../harness/fastdfs-hosts.ts'
import { Network, type NetworkHost, withoutNetworkHosts } from '../harness/network-hosts.ts'
import { withoutNginx } from '../harness/real-nginx.ts'
import { describeLoad, type Ended, failures, SteadyLoad } from '../harness/steady-load.ts'

const PER_SECOND = 200
const USER_WAITS_MS = 2_000
const BEFORE = 2 * PER_SECOND
const DARK_SECONDS = 10
/** `fail_timeout` is 30 s: by then a host that is back has been asked. */
const BACK_SECONDS_MAX = 45
/** So many requests show that a host is used again. */
const USED_AGAIN = 50

const NOTE = 'x'.repeat(4_000)
const STORAGE_FILES = {
  'html/group1/M00/00/00/note.txt': NOTE,
  'html/group2/M00/00/00/note.txt': NOTE,
}

const HOSTS = [
  'front',
  ...['tracker1', 'tracker2', 'tracker3', 'tracker4'],
  ...['storage1', 'storage2', 'storage3'],
]

/** Requests in the access log that a load has sent. */
function countOf(tier: Tier, name: string): number {
  return tier.accessLog().split(`"${name}"`).length - 1
}

/** Lines of the error log that blame a peer for silence. */
function blaming(tier: Tier): string[] {
  const words = /slower than usual|does not answer at all|temporarily disabled/
  return tier
    .errors()
    .split('\n')
    .filter(line => words.test(line))
}

/** Somebody was blamed, and nobody but the host that was away. */
function assertBlamed(tier: Tier, dark: NetworkHost): void {
  const lines = blaming(tier)
  assert.ok(lines.length > 0)
  const wrong = lines.filter(line => !line.includes(`upstream: "http://${dark.address}:`))
  assert.deepEqual(wrong, [])
}

function report(t: TestContext, what: string, load: SteadyLoad, ended: readonly Ended[]): void {
  t.diagnostic(`${what}, ${load.name}: ${describeLoad(ended)}`)
}

const skip = withoutNginx() || withoutNetworkHosts()

describe('a host that goes dark', { skip, timeout: 170_000 }, () => {
  let network: Network
  let files: TierFiles
  /** The first group has two storages, the second has one. */
  let groups: NetworkHost[][] = []
  let storages: Tier[] = []
  let trackers: Tier[] = []

  before(() => {
    network = new Network(HOSTS)
    files = new TierFiles()
    const hosts = ['storage1', 'storage2', 'storage3'].map(name => network.host(name))
    storages = hosts.map(host => startNginxOn(host, files, STORAGE_NGINX, STORAGE_FILES))
    groups = [hosts.slice(0, 2), hosts.slice(2)]
    const text = trackerNginx(groups)
    trackers = ['tracker1', 'tracker2'].map(name => startNginxOn(network.host(name), files, text))
  })

  after(() => {
    network.end()
    files.remove()
  })

  it('costs no user the answer where it is one of two trackers, and serves again', async t => {
    const front = network.host('front')
    const hosts = [network.host('tracker1'), network.host('tracker2')]
    const fronts = [
      await startProgramOn(front, files, 'front.conf', frontNginx(hosts, 81)),
      await startProgramOn(front, files, 'front.yaml', frontYaml(hosts, 82)),
    ]
    startNginxOn(front, files, frontNginx(hosts, 80))
    const loads = ['nginx', 'headgate-conf', 'headgate-yaml'].map(
      (name, index) =>
        new SteadyLoad(front, {
          url: `http://127.0.0.1:${80 + index}/dfs/group1/M00/00/00/note.txt`,
          perSecond: PER_SECOND,
          timeoutMs: USER_WAITS_MS,
          name,
        }),
    )
    const [, ...own] = loads
    await Promise.all(loads.map(load => load.more(BEFORE)))
    hosts[0]!.goDark()
    await Promise.all(loads.map(load => load.more(DARK_SECONDS * PER_SECOND)))
    const asked = own.map(load => countOf(trackers[0]!, load.name))
    const limits = own.map(load => load.ended.length + BACK_SECONDS_MAX * PER_SECOND)
    hosts[0]!.comeBack()
    const isUsed = (load: SteadyLoad, index: number) =>
      countOf(trackers[0]!, load.name) >= asked[index]! + USED_AGAIN
    await Promise.all(
      own.map((load, index) =>
        load.until(() => isUsed(load, index) || load.ended.length > limits[index]!),
      ),
    )
    for (const load of loads) report(t, 'a dark tracker', load, await load.stop())
    for (const [index, load] of own.entries()) {
      assert.deepEqual(failures(load.ended), [], `${load.name} lost requests`)
      assert.ok(isUsed(load, index), `${load.name} asks the tracker that came back`)
      assertBlamed(fronts[index]!, hosts[0]!)
    }
  })

  it('costs no user the answer where it is a storage that has a second', async t => {
    const front = network.host('front')
    const own = [network.host('tracker3'), network.host('tracker4')]
    const tiers = [
      await startProgramOn(own[0]!, files, 'tracker.conf', trackerNginx(groups)),
      await startProgramOn(own[1]!, files, 'tracker.yaml', trackerYaml(groups)),
    ]
    const fronting = await startProgramOn(front, files, 'front2.conf', frontNginx(own, 83))
    const start = (name: string, url: string, perSecond: number) =>
      new SteadyLoad(front, { name, url, perSecond, timeoutMs: USER_WAITS_MS })
    const [one, , three] = ['storage1', 'storage2', 'storage3'].map(each => network.host(each))
    const at = (host: NetworkHost) => `http://${host.address}:${TRACKER_PORT}`
    const note = 'M00/00/00/note.txt'
    const nginx = start('nginx', `${at(network.host('tracker1'))}/group1/${note}?n=SEQ`, 100)
    // What must be answered all the time.
    const conf = start('headgate-conf', `${at(own[0]!)}/group1/${note}?n=SEQ`, 100)
    const yaml = start('headgate-yaml', `${at(own[1]!)}/group1/${note}?n=SEQ`, 100)
    const through = start('through-front', `http://127.0.0.1:83/dfs/group1/${note}?n=SEQ`, 50)
    // Nobody has this but a storage that goes dark.
    const orphaned = start('orphaned', `http://127.0.0.1:83/dfs/group2/${note}?n=SEQ`, 20)
    const answered = [conf, yaml, through]
    const all = [nginx, ...answered, orphaned]

    await Promise.all(all.map(load => load.more(40)))
    one!.goDark()
    three!.goDark()
    await orphaned.more(20 * DARK_SECONDS)
    const limit = through.ended.length + 50 * BACK_SECONDS_MAX
    const asked = [conf, yaml].map(load => countOf(storages[0]!, load.name))
    one!.comeBack()
    three!.comeBack()
    const isUsed = (load: SteadyLoad, index: number) =>
      countOf(storages[0]!, load.name) >= asked[index]! + USED_AGAIN
    await through.until(() => [conf, yaml].every(isUsed) || through.ended.length > limit)
    for (const load of all) report(t, 'two dark storages', load, await load.stop())

    for (const load of answered) assert.deepEqual(failures(load.ended), [], `${load.name} lost`)
    for (const load of [conf, yaml]) assert.ok(isUsed(load, [conf, yaml].indexOf(load)), load.name)
    assert.deepEqual(failures(orphaned.ended.slice(-USED_AGAIN)), [], 'the only storage is back')
    for (const tier of tiers) assertBlamed(tier, one!)
    assert.deepEqual(blaming(fronting), [], 'the trackers were there all the time')
  })
})
