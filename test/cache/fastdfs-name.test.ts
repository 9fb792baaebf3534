// File names against what FastDFS's own tool printed for them, and against names that an encoder of
// the layout makes.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isVerifiable, parseFastdfsName } from '../../src/cache/fastdfs-name.ts'
import { encodeFastdfsName, type NameParts } from './fastdfs-encoder.ts'

/**
 * Published runs of `fdfs_test`: the name, and the address, size and CRC-32 that the tool says it
 * has.
 */
const PUBLISHED: readonly (readonly [
  path: string,
  address: string,
  createdAt: string,
  size: number,
  crc: number,
])[] = [
  [
    '/group1/M00/00/00/wKhJhGHYF2CAbacYAAAADLCV5eM801.txt',
    '192.168.73.132',
    '2022-01-07T10:35:12.000Z',
    12,
    2962613731,
  ],
  [
    '/group1/M00/00/00/wKgGxF-BItiAIGBqABBaV0WhZ9w144.png',
    '192.168.6.196',
    '2020-10-10T02:56:24.000Z',
    1071703,
    1168205788,
  ],
  [
    '/joey/M00/00/00/wKgBFF1Tvn6AL_ulAAhuqKakO_M091.png',
    '192.168.1.20',
    '2019-08-14T07:55:42.000Z',
    552616,
    2795781107,
  ],
  [
    '/group1/M00/00/00/rBACFVyIpkyAW-GPAACDlqtGkq042055.h',
    '172.16.2.21',
    '2019-03-13T06:42:20.000Z',
    33686,
    2873529005,
  ],
  [
    '/group1/M00/00/00/rCBkhFgUbpuAEZfxAI662SrTJ6w612.jpg',
    '172.32.100.132',
    '2016-10-29T09:40:43.000Z',
    9353945,
    718481324,
  ],
  [
    '/group1/M00/00/00/CtM3CFm3YH-AXy_CAAB4RZQzVgU274.log',
    '10.211.55.8',
    '2017-09-12T04:20:15.000Z',
    30789,
    2486392325,
  ],
]

const PARTS: NameParts = {
  source: [10, 0, 0, 7],
  createdAt: 1_700_000_000,
  size: 5000n,
  crc32: 0xdeadbeef,
}
const GIB = 1024n * 1024n * 1024n
const TRUNK = 1n << 59n
const APPENDER = 1n << 58n
const RANDOM = 0x8012_3456n << 32n

const MADE: readonly (readonly [
  name: string,
  parts: Partial<NameParts>,
  want: Partial<NonNullable<ReturnType<typeof parseFastdfsName>>>,
])[] = [
  ['a small file', { size: RANDOM | 5000n }, { size: 5000, crc32: 0xdeadbeef, isSlave: false }],
  ['the largest below 4 GiB', { size: RANDOM | (4n * GIB - 1n) }, { size: 4 * 2 ** 30 - 1 }],
  ['4 GiB', { size: 4n * GIB }, { size: 4 * 2 ** 30, isAppender: false, isTrunk: false }],
  ['5 TiB', { size: 5n * 1024n * GIB }, { size: 5 * 2 ** 40 }],
  ['an empty file', { size: RANDOM }, { size: 0 }],
  ['an appender file', { size: APPENDER }, { size: -1, isAppender: true, isSlave: false }],
  [
    'an appender file with random bits in the size',
    { size: RANDOM | APPENDER },
    { size: -1, isAppender: true, isSlave: false },
  ],
  [
    'one in a trunk with random bits in the size',
    { size: RANDOM | TRUNK | 5000n, after: `${'A'.repeat(16)}123.jpg` },
    { size: 5000, isTrunk: true, isAppender: false, isSlave: false },
  ],
  [
    'one in a trunk',
    { size: TRUNK | 5000n, after: `${'A'.repeat(16)}123.jpg` },
    { size: 5000, isTrunk: true, isSlave: false },
  ],
  [
    'a slave of one in a trunk',
    { size: TRUNK | 5000n, after: `${'A'.repeat(16)}123_150x150.jpg` },
    { isTrunk: true, isSlave: true },
  ],
  ['no extension', { after: '1234567' }, { isSlave: false }],
  ['an extension of six', { after: '.jfif2x' }, { isSlave: false }],
  ['an extension with a dot', { after: '.tar.gz' }, { isSlave: false }],
  ['a slave', { after: '123_150x150.jpg' }, { isSlave: true }],
  ['a slave as long as a master', { after: '123_b.h' }, { isSlave: true }],
  ['the file of the metadata', { after: '123.jpg-m' }, { isSlave: true }],
  ['all addresses', { source: [255, 255, 255, 255] }, { sourceAddress: '255.255.255.255' }],
  [
    'a storage id',
    { source: [0xa1, 0x86, 0x01, 0x00] },
    { sourceAddress: '', storageId: 100_001, size: 5000 },
  ],
  ['the largest storage id', { source: [255, 255, 255, 0] }, { storageId: 2 ** 24 - 1 }],
  ['no storage id and no address', { source: [0, 0, 0, 0] }, { sourceAddress: '0.0.0.0' }],
  ['a time past 2038', { createdAt: 2 ** 31 + 5 }, { createdAt: 2 ** 31 + 5 }],
  ['another group and store path', { before: '/g2/M1F/0A/FF/' }, { size: 5000 }],
  ['below another path', { before: '/dfs/group1/M00/00/00/' }, { size: 5000 }],
  ['without a group', { before: 'M00/00/00/' }, { size: 5000 }],
]

const good = encodeFastdfsName(PARTS)

const NO_NAME: readonly (readonly [name: string, path: string])[] = [
  ['nothing', ''],
  ['a page', '/index.html'],
  ['26 characters', `/group1/M00/00/00/${'A'.repeat(26)}.jpg`],
  ['no extension field', `/group1/M00/00/00/${good.slice(18, 45)}`],
  ['an extension field that is too short', `/group1/M00/00/00/${good.slice(18, 45)}12.jpg`],
  ['a directory in lower case', good.replace('/00/00/', '/0a/00/')],
  ['a directory too few', good.replace('/00/00/', '/00/')],
  ['a directory behind', `${good}/`],
  ['another letter than M', good.replace('/M00/', '/N00/')],
  ['a letter before M', good.replace('/M00/', '/xM00/')],
  ['plain base64', good.replace(/.{9}(?=.{7}$)/, '+/AAAAAAA')],
  ['bits left over', `${good.slice(0, 44)}9${good.slice(45)}`],
  ['a flag that nobody writes', encodeFastdfsName({ ...PARTS, size: 1n << 60n })],
  ['all flags', encodeFastdfsName({ ...PARTS, size: (1n << 64n) - 1n })],
  [
    'random bits and a flag that nobody writes',
    encodeFastdfsName({ ...PARTS, size: RANDOM | (1n << 60n) }),
  ],
  ['random bits and two flags', encodeFastdfsName({ ...PARTS, size: RANDOM | TRUNK | APPENDER })],
  ['a file too large for any disk', encodeFastdfsName({ ...PARTS, size: 1n << 51n })],
  ['a trunk without its place', encodeFastdfsName({ ...PARTS, size: TRUNK | 5n })],
]

describe('parseFastdfsName', () => {
  for (const [path, sourceAddress, createdAt, size, crc32] of PUBLISHED) {
    it(`reads the published ${path}`, () => {
      assert.deepEqual(parseFastdfsName(path), {
        sourceAddress,
        storageId: 0,
        createdAt: Date.parse(createdAt) / 1000,
        size,
        crc32,
        isAppender: false,
        isSlave: false,
        isTrunk: false,
      })
    })
  }

  it('reads a published one of before there were random bits in the size', () => {
    const name = parseFastdfsName('/group1/M00/02/44/wKgDrE34E8wAAAAAAAAGkEIYJK42378.sh')
    assert.equal(name?.sourceAddress, '192.168.3.172')
    assert.equal(name.size, 1680)
  })

  it('knows a published slave as one', () => {
    const name = parseFastdfsName('/group1/M00/00/00/wKgGxF-BItiAIGBqABBaV0WhZ9w144_big.png')
    assert.equal(name?.isSlave, true)
    assert.equal(name.size, 1071703)
  })

  for (const [name, parts, want] of MADE) {
    it(`reads ${name}`, () => {
      const read = parseFastdfsName(encodeFastdfsName({ ...PARTS, ...parts }))
      assert.ok(read !== null)
      for (const [key, value] of Object.entries(want))
        assert.equal(read[key as keyof typeof read], value, key)
    })
  }

  for (const [name, path] of NO_NAME) {
    it(`takes ${name} for no such name`, () => assert.equal(parseFastdfsName(path), null))
  }
})

describe('isVerifiable', () => {
  for (const [name, parts, want] of [
    ['a file', {}, true],
    ['one in a trunk', { size: TRUNK | 5n, after: `${'A'.repeat(16)}123.jpg` }, true],
    [
      'one in a trunk with random bits in the size',
      { size: RANDOM | TRUNK | 5n, after: `${'A'.repeat(16)}123.jpg` },
      true,
    ],
    ['an appender file with random bits in the size', { size: RANDOM | APPENDER }, false],
    ['an appender file', { size: APPENDER }, false],
    ['a slave', { after: '123_s.jpg' }, false],
  ] as const) {
    it(`says ${want} for ${name}`, () => {
      const read = parseFastdfsName(encodeFastdfsName({ ...PARTS, ...parts }))
      assert.ok(read !== null)
      assert.equal(isVerifiable(read), want)
    })
  }
})
