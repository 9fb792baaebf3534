// Runs every file of test/config/cases/nginx: the reader must say exactly what stands below the
// dashes.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { caseNames, testCases } from '../../harness/golden-cases.ts'
import { runCase } from './golden.ts'

const DIRECTORY = new URL('../cases/nginx/', import.meta.url)

describe('nginxReader: golden cases', () => {
  it('finds its cases', () => {
    const { length } = caseNames(DIRECTORY)
    assert.ok(length >= 40, `only ${length} cases`)
  })

  testCases(DIRECTORY, runCase)
})
