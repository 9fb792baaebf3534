import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { withoutUnsaidPlace } from '../../src/control/conversion.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { sampleConfig } from '../harness/sample-config.ts'

describe('withoutUnsaidPlace', () => {
  const rows = [
    { name: 'nothing that nobody said', said: [], expected: [false, ''] },
    { name: 'a background that was said', said: ['isDaemon'], expected: [true, ''] },
    { name: 'a pid file that was said', said: ['pidPath'], expected: [false, '/run/a.pid'] },
  ]
  for (const { name, said, expected } of rows) {
    it(`keeps ${name}`, () => {
      const origins = Object.fromEntries(said.map(property => [property, BUILT_IN]))
      const place = { isDaemon: true, pidPath: '/run/a.pid', origins }
      const { process } = withoutUnsaidPlace(sampleConfig({ process: place }))
      assert.deepEqual([process.isDaemon, process.pidPath], expected)
    })
  }
})
