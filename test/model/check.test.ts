// Checks that hold for any dialect: each on the smallest configuration that shows it, and on the
// one beside it that is right. Configurations are made by hand, so that no reader's own checks
// stand before these.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { checkConfig } from '../../src/model/check.ts'
import type { Config } from '../../src/model/config.ts'
import { DEFAULT_LOG_FORMATS, defaultProcess, defaultSettings } from '../../src/model/defaults.ts'
import type { Listen, ListenAddress } from '../../src/model/listener.ts'
import { BUILT_IN, type Origin } from '../../src/model/origin.ts'
import type { Action, Location, LocationMatch, Server, ServerName } from '../../src/model/route.ts'
import type { Settings } from '../../src/model/settings.ts'
import { literal, type Template } from '../../src/model/template.ts'
import { type Peer, PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../src/model/upstream.ts'

const settings = defaultSettings('nginx/1.30', '/prefix')
const files: Action = { kind: 'files' }

function at(line: number): Origin {
  return { file: 'a.conf', line, column: 1, endColumn: 2 }
}

function config(parts: Partial<Config>): Config {
  return {
    format: 'nginx',
    file: 'a.conf',
    files: ['a.conf'],
    compat: 'nginx/1.30',
    isStrict: false,
    process: defaultProcess('/prefix'),
    upstreams: [],
    servers: [],
    logFormats: DEFAULT_LOG_FORMATS,
    caches: [],
    limitZones: [],
    variables: [],
    ...parts,
  }
}

function tcp(port: number, host = '0.0.0.0'): ListenAddress {
  return { kind: 'tcp', host, port }
}

function listen(address: ListenAddress, parts: Partial<Listen> = {}): Listen {
  return {
    origin: at(2),
    address,
    isDefault: false,
    backlog: 511,
    ipv6Only: true,
    expectsProxyHeader: false,
    ...parts,
  }
}

function server(parts: Partial<Server> = {}): Server {
  return {
    origin: at(1),
    listens: [listen(tcp(80))],
    names: [],
    name: '',
    settings,
    returns: null,
    action: files,
    locations: [],
    ...parts,
  }
}

function location(match: LocationMatch, parts: Partial<Location> = {}): Location {
  const rest = { returns: null, action: files, isInternal: false, locations: [] }
  return { origin: at(3), match, settings, ...rest, ...parts }
}

function prefix(path: string, isFinal = false): LocationMatch {
  return { kind: 'prefix', path, isFinal }
}

function peer(parts: Partial<Peer> = {}): Peer {
  return {
    origin: at(7),
    name: '10.0.0.1',
    address: tcp(80, '10.0.0.1'),
    ...PLAIN_PEER,
    ...parts,
  }
}

function upstream(name: string, peers: readonly Peer[]): Upstream {
  const keepalive = {
    idleMax: 32,
    requestsMax: 1000,
    ageMaxMs: 1000,
    idleTimeoutMs: 1000,
    isLocal: false,
  }
  return { origin: at(6), name, ...PLAIN_UPSTREAM, peers, keepalive, isImplicit: false }
}

function proxyTo(name: string, uri: Template | null = null): Action {
  const target = { origin: at(4), scheme: 'http' as const, upstream: name, address: literal(name) }
  return { kind: 'proxy', target: { ...target, uri } }
}

const exact = (name: string): ServerName => ({ kind: 'exact', name })
const regex = (pattern: string): LocationMatch => ({
  kind: 'regex',
  pattern,
  isCaseInsensitive: false,
})
const named = (name: string): LocationMatch => ({ kind: 'named', name })
const page = (target: string): Settings => ({
  ...settings,
  errorPages: [{ statuses: [404], status: null, target: literal(target) }],
})

/** Servers on one address with these locations. */
function routes(...locations: readonly Location[]): Partial<Config> {
  return { servers: [server({ locations })] }
}

const app = [upstream('app', [peer()])]

const WRONG: readonly (readonly [what: string, parts: Partial<Config>, message: string])[] = [
  [
    'a proxy to a group that nobody defines',
    { upstreams: app, ...routes(location(prefix('/'), { action: proxyTo('ap') })) },
    'error: Unknown upstream "ap"',
  ],
  [
    'the same in a nested location',
    {
      upstreams: app,
      ...routes(
        location(prefix('/'), { locations: [location(prefix('/a'), { action: proxyTo('x') })] }),
      ),
    },
    'error: Unknown upstream "x"',
  ],
  [
    'the same in a server',
    { servers: [server({ action: proxyTo('x') })] },
    'error: Unknown upstream "x"',
  ],
  [
    'a path that replaces what a regex matched',
    { upstreams: app, ...routes(location(regex('a'), { action: proxyTo('app', ['/b']) })) },
    'error: Cannot replace the matched path in a regex location: no fixed part is matched',
  ],
  [
    'a group without peers',
    { upstreams: [upstream('app', [])] },
    'error: No peers in upstream "app"',
  ],
  [
    'a group of backups',
    { upstreams: [upstream('app', [peer({ isBackup: true }), peer({ isBackup: true })])] },
    'error: No peers but backups in upstream "app"',
  ],
  [
    'a group of which all are down',
    { upstreams: [upstream('app', [peer({ isDown: true })])] },
    'warning: All peers of upstream "app" are down',
  ],
  ['two groups of one name', { upstreams: [...app, ...app] }, 'error: Duplicate upstream "app"'],
  [
    'a weight of zero',
    { upstreams: [upstream('app', [peer({ weight: 0 })])] },
    'error: Cannot use weight 0: peer "10.0.0.1" wants a whole number from 1',
  ],
  [
    'half a failure',
    { upstreams: [upstream('app', [peer({ maxFails: 0.5 })])] },
    'error: Cannot use max_fails 0.5: peer "10.0.0.1" wants a whole number from 0',
  ],
  [
    'less than no connections',
    { upstreams: [upstream('app', [peer({ maxConns: -1 })])] },
    'error: Cannot use max_conns -1: peer "10.0.0.1" wants a whole number from 0',
  ],
  [
    'a peer at port 0',
    { upstreams: [upstream('app', [peer({ address: tcp(0) })])] },
    'error: Cannot use port 0: wants one from 1 to 65535',
  ],
  [
    'a listener at a port that does not exist',
    { servers: [server({ listens: [listen(tcp(65_536))] })] },
    'error: Cannot use port 65536: wants one from 0 to 65535',
  ],
  [
    'a server without a listener',
    { servers: [server({ listens: [] })] },
    'error: A server without a listener: no client can reach it',
  ],
  [
    'one listener twice in a server',
    { servers: [server({ listens: [listen(tcp(80)), listen(tcp(80))] })] },
    'error: Duplicate listener 0.0.0.0:80 in one server',
  ],
  [
    'two default servers of one address',
    {
      servers: [
        server({ names: [exact('a')], listens: [listen(tcp(80), { isDefault: true })] }),
        server({ names: [exact('b')], listens: [listen(tcp(80), { isDefault: true })] }),
      ],
    },
    'error: A second default server for 0.0.0.0:80',
  ],
  [
    'two lengths of one accept queue',
    {
      servers: [10, 20].map(backlog =>
        server({ listens: [listen(tcp(80), { backlog, origins: { backlog: at(backlog) } })] }),
      ),
    },
    'error: Another backlog for 0.0.0.0:80 than before',
  ],
  [
    'all of IPv6 with IPv4, and all of IPv4',
    {
      servers: [server({ listens: [listen(tcp(80)), listen(tcp(80, '::'), { ipv6Only: false })] })],
    },
    'error: Cannot listen on [::]:80 with ipv6only off and on 0.0.0.0:80',
  ],
  [
    'one name twice on an address',
    { servers: [server({ names: [exact('a')] }), server({ names: [exact('a')] })] },
    'warning: Conflicting server name "a" on 0.0.0.0:80, ignored',
  ],
  [
    'a bare domain that a wildcard has already',
    {
      servers: [
        server({ names: [{ kind: 'suffix', name: '.a', isApexToo: true }] }),
        server({ names: [exact('a')] }),
      ],
    },
    'warning: Conflicting server name "a" on 0.0.0.0:80, ignored',
  ],
  [
    'a name that is no regex',
    { servers: [server({ names: [{ kind: 'regex', pattern: '(', isCaseInsensitive: true }] })] },
    'error: Cannot use the regex "(": Unterminated group',
  ],
  [
    'one prefix twice',
    routes(location(prefix('/a')), location(prefix('/a', true))),
    'error: Duplicate location "/a"',
  ],
  [
    'one exact path twice',
    routes(location({ kind: 'exact', path: '/' }), location({ kind: 'exact', path: '/' })),
    'error: Duplicate location "= /"',
  ],
  [
    'one named location twice',
    routes(location(named('a')), location(named('a'))),
    'warning: Duplicate location "@a"',
  ],
  [
    'a location outside the one around it',
    routes(location(prefix('/a'), { locations: [location(prefix('/b'))] })),
    'error: Location "/b" is outside location "/a"',
  ],
  [
    'a location inside an exact one',
    routes(location({ kind: 'exact', path: '/a' }, { locations: [location(prefix('/a/b'))] })),
    'error: Cannot use location "/a/b" inside "= /a", which has no paths below it',
  ],
  [
    'a named location inside another',
    routes(location(prefix('/a'), { locations: [location(named('x'))] })),
    'error: Cannot use the named location "@x" inside another',
  ],
  [
    'a location that is no regex',
    routes(location(regex('[z-a]'))),
    'error: Cannot use the regex "[z-a]": Range out of order in character class',
  ],
  [
    'a location that no path begins with',
    routes(location(prefix('a'))),
    'warning: No path begins with "a": wants a "/" first',
  ],
  [
    'an error page at a location that is not there',
    { servers: [server({ settings: page('@gone') })] },
    'warning: No location "@gone", which error_page leads to',
  ],
  [
    'a fallback to a location that is not there',
    routes(
      location(prefix('/'), {
        tryFiles: { origin: at(5), paths: [literal('/x')], fallback: literal('@gone') },
      }),
    ),
    'warning: No location "@gone", which try_files leads to',
  ],
  [
    'a log of a format that nobody defines',
    {
      servers: [
        server({
          settings: { ...settings, accessLogs: [{ ...settings.accessLogs[0]!, format: 'x' }] },
        }),
      ],
    },
    'error: Unknown log format "x"',
  ],
  [
    'a redirect rule that is no regex',
    {
      servers: [
        server({
          settings: {
            ...settings,
            proxy: {
              ...settings.proxy,
              redirects: [{ kind: 'regex', pattern: '*', isCaseInsensitive: false, to: [] }],
            },
          },
        }),
      ],
    },
    'error: Cannot use the regex "*": Nothing to repeat',
  ],
]

const RIGHT: readonly (readonly [what: string, parts: Partial<Config>])[] = [
  ['nothing at all', {}],
  [
    'a proxy to a group',
    { upstreams: app, ...routes(location(prefix('/'), { action: proxyTo('app') })) },
  ],
  [
    'a whole target with variables in a regex',
    {
      upstreams: app,
      ...routes(location(regex('a'), { action: proxyTo('app', [{ variable: 'uri' }]) })),
    },
  ],
  [
    'one backup beside a peer',
    { upstreams: [upstream('app', [peer(), peer({ isBackup: true })])] },
  ],
  ['one peer of two down', { upstreams: [upstream('app', [peer(), peer({ isDown: true })])] }],
  [
    'a listener whose port the kernel chooses',
    { servers: [server({ listens: [listen(tcp(0))] })] },
  ],
  [
    'one address in two servers of different names',
    { servers: [server({ names: [exact('a')] }), server({ names: [exact('b')] })] },
  ],
  [
    'one name on two addresses',
    {
      servers: [
        server({ names: [exact('a')] }),
        server({ names: [exact('a')], listens: [listen(tcp(81))] }),
      ],
    },
  ],
  [
    'all of IPv4 and all of IPv6, each for itself',
    { servers: [server({ listens: [listen(tcp(80)), listen(tcp(80, '::'))] })] },
  ],
  [
    'an exact path and the prefix of it',
    routes(location({ kind: 'exact', path: '/' }), location(prefix('/'))),
  ],
  ['one regex twice: the first answers', routes(location(regex('a')), location(regex('a')))],
  [
    'one path in two servers',
    {
      servers: [
        server({ names: [exact('a')], locations: [location(prefix('/'))] }),
        server({ names: [exact('b')], locations: [location(prefix('/'))] }),
      ],
    },
  ],
  [
    'a regex inside a prefix',
    routes(location(prefix('/a'), { locations: [location(regex('b'))] })),
  ],
  [
    'the same path inside itself',
    routes(location(prefix('/a'), { locations: [location(prefix('/a'))] })),
  ],
  [
    'an error page at a named location',
    { servers: [server({ settings: page('@here'), locations: [location(named('here'))] })] },
  ],
  [
    'the format json, which is built in',
    {
      servers: [
        server({
          settings: { ...settings, accessLogs: [{ ...settings.accessLogs[0]!, format: 'json' }] },
        }),
      ],
    },
  ],
]

describe('checkConfig', () => {
  for (const [what, parts, message] of WRONG) {
    it(`finds ${what}`, () => {
      const found = checkConfig(config(parts)).map(item => `${item.severity}: ${item.message}`)
      assert.deepEqual(found, [message])
    })
  }

  for (const [what, parts] of RIGHT) {
    it(`has nothing against ${what}`, () => {
      assert.deepEqual(checkConfig(config(parts)), [])
    })
  }

  it('points at the property, else at the thing itself', () => {
    const origins = { weight: at(9) }
    const wrong = [peer({ weight: 0, maxFails: -1, origins })]
    const found = checkConfig(config({ upstreams: [upstream('app', wrong)] }))
    assert.deepEqual(
      found.map(item => item.origin),
      [at(9), at(7)],
    )
  })

  it('points at the level that wrote an inherited setting, and says it once', () => {
    const logs = { ...settings, accessLogs: [{ ...settings.accessLogs[0]!, format: 'x' }] }
    const inner = location(prefix('/'), { settings: { ...logs } })
    const one = server({ settings: logs, origins: { accessLogs: at(42) }, locations: [inner] })
    const found = checkConfig(config({ servers: [one] }))
    assert.deepEqual(
      found.map(item => item.origin),
      [at(42)],
    )
  })

  it('suggests what was meant, or says what there is', () => {
    const parts = { upstreams: app, ...routes(location(prefix('/'), { action: proxyTo('ap') })) }
    const hint = (suggest: (word: string) => string | null) =>
      checkConfig(config(parts), suggest).map(item => item.hint)
    assert.deepEqual(
      hint(() => 'app'),
      ['did you mean "app"?'],
    )
    assert.deepEqual(
      hint(() => null),
      ['there is "app"'],
    )
  })

  it('names the place of the first of two', () => {
    const first = { ...upstream('app', [peer()]), origin: at(30) }
    const [found] = checkConfig(config({ upstreams: [first, ...app] }))
    assert.equal(found!.hint, 'the first stands in a.conf:30')
  })

  it('does not blame what was made by the program', () => {
    const made = { ...upstream('app', [peer()]), origin: BUILT_IN }
    const [found] = checkConfig(config({ upstreams: [made, ...app] }))
    assert.equal(found!.hint, '')
  })
})
