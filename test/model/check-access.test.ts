// What is said of passwords that nobody is asked for.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AccessSettings, limitedMethods, OPEN_ACCESS } from '../../src/model/access.ts'
import { checkAccess } from '../../src/model/check-access.ts'
import { defaultSettings } from '../../src/model/defaults.ts'
import type { Origin } from '../../src/model/origin.ts'
import type { Location } from '../../src/model/route.ts'

const origin: Origin = { file: 'site.conf', line: 1, column: 1, endColumn: 2 }

function locationOf(
  access: Partial<AccessSettings>,
  locations: readonly Location[] = [],
): Location {
  const settings = { ...defaultSettings('nginx/1.30', '/'), access: { ...OPEN_ACCESS, ...access } }
  return {
    origin,
    match: { kind: 'prefix', path: '/', isFinal: false },
    settings,
    returns: null,
    action: { kind: 'files' },
    isInternal: false,
    locations,
  }
}

function found(location: Location, at: Origin | null = null): readonly string[] {
  const said: string[] = []
  checkAccess(location, at, (severity, message, where, hint) => {
    said.push(`${severity}: ${message} (${where.line}; ${hint})`)
  })
  return said
}

const WARNING = 'warning: A password is asked for nowhere here: there is no file of users'
const HINT = 'write auth_basic_user_file (in YAML: users_file), or switch it off'

describe('checkAccess', () => {
  it('has nothing to say where no password is wanted, or a file says which', () => {
    assert.deepEqual(found(locationOf({})), [])
    assert.deepEqual(found(locationOf({ usersPath: ['/users'] })), [])
    assert.deepEqual(found(locationOf({ realm: ['x'], usersPath: ['/users'] })), [])
  })

  it('warns of a realm without a file, where it was written', () => {
    const open = locationOf({ realm: ['x'] })
    assert.deepEqual(found(open), [`${WARNING} (1; ${HINT})`])
    assert.deepEqual(found(open, { ...origin, line: 7 }), [`${WARNING} (7; ${HINT})`])
  })

  it('leaves it to the locations inside, which may have a file each', () => {
    assert.deepEqual(found(locationOf({ realm: ['x'] }, [locationOf({})])), [])
  })
})

describe('limitedMethods', () => {
  it('brings HEAD with GET, and has each once in one order', () => {
    assert.deepEqual(limitedMethods(['GET']), ['GET', 'HEAD'])
    assert.deepEqual(limitedMethods(['HEAD']), ['HEAD'])
    assert.deepEqual(limitedMethods(['PUT', 'POST', 'GET', 'PUT']), ['GET', 'HEAD', 'POST', 'PUT'])
  })
})
