// What is written of an entry is what is read, and nothing else is ever read.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'

import type { EntryMeta } from '../../../src/cache/entry.ts'
import {
  bodyStartOf,
  decodeHeader,
  decodeMeta,
  encodeHead,
  fileBytesOf,
  fitsMeta,
  HEADER_BYTES,
  metaCapacityFor,
} from '../../../src/cache/store/entry-file.ts'
import { makeMeta } from './store-fixture.ts'

const HEX = 'b7f54b2df7773722d382f4809d65029c'

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  maxLength: 60,
})
const moment = fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.constant(Number.POSITIVE_INFINITY))
const PLAIN = { noNullPrototype: true }
const metas: fc.Arbitrary<EntryMeta> = fc.record(
  {
    key: latin1,
    vary: latin1,
    variant: latin1,
    url: latin1,
    head: latin1,
    trailers: latin1,
    isOwn: fc.boolean(),
    family: latin1,
    requestMs: moment,
    responseMs: moment,
    initialAgeSeconds: fc.nat(),
    freshness: fc.record(
      {
        freshUntilMs: moment,
        staleWhileMs: moment,
        staleErrorMs: moment,
        mustRevalidate: fc.boolean(),
        isAlwaysValidated: fc.boolean(),
      },
      PLAIN,
    ),
    tags: fc.array(latin1, { maxLength: 5 }),
    length: fc.constant(10),
    parts: fc.oneof(
      fc.constant(null),
      fc.constant([
        { start: 5, end: 8 },
        { start: 20, end: 27 },
      ]),
    ),
  },
  PLAIN,
)

function facts(meta: EntryMeta) {
  return { metaCapacity: metaCapacityFor(meta, false), bodyBytes: 10, hex: HEX, id: 2 ** 47 + 5 }
}

/** @returns what is wrong, or the meta */
function decode(bytes: Buffer, fileBytes: number): EntryMeta | string {
  const header = decodeHeader(bytes, bytes.length, fileBytes)
  return typeof header === 'string' ? header : decodeMeta(bytes, header)
}

describe('encodeHead', () => {
  it('writes what decodeHeader and decodeMeta read, whatever texts and numbers there are', () => {
    fc.assert(
      fc.property(metas, meta => {
        const own = facts(meta)
        const bytes = encodeHead(meta, own, true)
        assert.equal(bytes.length, bodyStartOf(own.metaCapacity))
        const header = decodeHeader(bytes, bytes.length, fileBytesOf(own.metaCapacity, 10))
        assert.ok(typeof header !== 'string')
        const { metaCapacity, bodyBytes, hex, id } = header
        assert.deepEqual({ metaCapacity, bodyBytes, hex, id }, own)
        assert.deepEqual(decodeMeta(bytes, header), meta)
      }),
    )
  })

  it('has room for what a 304 may add', () => {
    const meta = makeMeta('key')
    const capacity = metaCapacityFor(meta, false)
    assert.ok(fitsMeta({ ...meta, head: meta.head + 'x'.repeat(200) }, capacity))
    assert.ok(!fitsMeta({ ...meta, head: meta.head + 'x'.repeat(10_000) }, capacity))
  })

  it('begins the body of every file at a whole number of cache lines', () => {
    fc.assert(
      fc.property(metas, fc.boolean(), (meta, isOpen) => {
        assert.equal(bodyStartOf(metaCapacityFor(meta, isOpen)) % 64, 0)
      }),
    )
  })
})

describe('decodeHeader and decodeMeta', () => {
  const meta = makeMeta('a key', { length: 10, tags: ['one', 'two'] })
  const whole = encodeHead(meta, facts(meta), true)
  const fileBytes = fileBytesOf(facts(meta).metaCapacity, 10)

  it('refuse every cut', () => {
    for (let length = 0; length < HEADER_BYTES; length++) {
      assert.equal(decode(whole.subarray(0, length), fileBytes), 'is too small')
    }
    for (let size = 0; size < fileBytes + 100; size++) {
      if (size !== fileBytes) assert.equal(typeof decode(whole, size), 'string')
    }
  })

  it('refuse every changed bit, or read the same', () => {
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Buffer.from(whole)
        bytes[at]! ^= 1 << bit
        const found = decode(bytes, fileBytes)
        if (typeof found !== 'string') assert.deepEqual(found, meta, `byte ${at}`)
      }
    }
  })

  it('refuse a file of another kind, and bytes at random, without an exception', () => {
    assert.equal(decode(Buffer.from('<html>'.repeat(100)), 600), 'is not an entry of this cache')
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 80, maxLength: 300 }), random => {
        const bytes = Buffer.from(random)
        whole.copy(bytes, 0, 0, 8)
        assert.equal(typeof decode(bytes, bytes.length), 'string')
      }),
    )
  })

  it('refuse meta whose parts are not the body', () => {
    const parts = [{ start: 0, end: 11 }]
    const bytes = encodeHead({ ...meta, parts }, facts(meta), true)
    assert.equal(decode(bytes, fileBytes), 'has meta of another body')
  })
})
