import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { findConfig, prefixOf } from '../../src/control/config-path.ts'

describe('prefixOf', () => {
  it('is the current directory, or what was given under it', () => {
    assert.deepEqual(
      [prefixOf('/here', null), prefixOf('/here', 'sub/'), prefixOf('/here', '/there')],
      ['/here', '/here/sub', '/there'],
    )
  })
})

describe('findConfig', () => {
  const find = (path: string | null, existing: readonly string[] = []) =>
    findConfig(path, '/base', '/prefix', candidate => existing.includes(candidate))

  it('takes a path under its base, without looking whether it exists', () => {
    assert.deepEqual(find('a.conf'), { path: '/base/a.conf' })
    assert.deepEqual(find('/a.conf'), { path: '/a.conf' })
  })

  it('takes the first default that exists', () => {
    assert.deepEqual(find(null, ['/prefix/conf/nginx.conf']), { path: '/prefix/conf/nginx.conf' })
    assert.deepEqual(find(null, ['/prefix/conf/nginx.conf', '/etc/headgate/headgate.yaml']), {
      path: '/etc/headgate/headgate.yaml',
    })
  })

  it('names every place that it looked at', () => {
    const found = find(null)
    assert.ok('problem' in found)
    for (const path of ['headgate.yaml', '/etc/headgate/nginx.conf', '/prefix/conf/nginx.conf']) {
      assert.ok(found.problem.includes(path), path)
    }
  })
})
