// The sizes of `proxy_buffers` and its neighbours depend on each other: what is not written follows
// the others, and what is written must fit. As in nginx only servers and locations are checked:
// what `http` says may be completed below.

import type { ProxySettings } from '../../model/proxy-settings.ts'
import type { Reading } from './reading.ts'
import type { Level, LevelValues } from './scope.ts'

type BufferSizes = Pick<
  ProxySettings,
  'bufferBytes' | 'buffersBytes' | 'busyBuffersBytes' | 'tempFileBytesMax' | 'tempFileWriteBytes'
>

type Keys = readonly (keyof LevelValues)[]

const PAGE_BYTES = 4096
const DEFAULT_BUFFERS: LevelValues['buffers'] = { count: 8, bytes: PAGE_BYTES }
const DEFAULT_TEMP_FILE_BYTES = 1024 ** 3

/** The sizes that hold at a level, inherited ones included. */
export function bufferSizes(level: Level): BufferSizes {
  const { count, bytes } = level.find('buffers') ?? DEFAULT_BUFFERS
  const bufferBytes = level.find('bufferBytes') ?? PAGE_BYTES
  const largest = Math.max(bufferBytes, bytes)
  return {
    bufferBytes,
    buffersBytes: count * bytes,
    busyBuffersBytes: level.find('busyBuffersBytes') ?? 2 * largest,
    tempFileBytesMax: level.find('tempFileBytesMax') ?? DEFAULT_TEMP_FILE_BYTES,
    tempFileWriteBytes: level.find('tempFileWriteBytes') ?? 2 * largest,
  }
}

const LEAST =
  'must be equal to or greater than the maximum of the value of "proxy_buffer_size" ' +
  'and one of the "proxy_buffers"'

/** Complains about sizes of a server or location that do not fit, once for each place. */
export function checkBufferSizes(level: Level, reading: Reading): void {
  const { count, bytes } = level.find('buffers') ?? DEFAULT_BUFFERS
  const found = bufferSizes(level)
  const largest = Math.max(found.bufferBytes, bytes)
  const hint =
    `"proxy_buffer_size" is ${found.bufferBytes}, ` +
    `"proxy_buffers" are ${count} of ${bytes} bytes`
  const refuse = (key: keyof LevelValues, message: string) => {
    const keys: Keys = [key, 'bufferBytes', 'buffers']
    const origin = keys.map(name => level.findOrigin(name)).find(place => place !== undefined)
    if (origin !== undefined) reading.refuseOnce(message, origin, hint)
  }
  if (found.busyBuffersBytes < largest) {
    refuse('busyBuffersBytes', `"proxy_busy_buffers_size" ${LEAST}`)
  } else if (found.busyBuffersBytes > found.buffersBytes - bytes) {
    const wanted = 'must be less than the size of all "proxy_buffers" minus one buffer'
    refuse('busyBuffersBytes', `"proxy_busy_buffers_size" ${wanted}`)
  }
  if (found.tempFileWriteBytes < largest) {
    refuse('tempFileWriteBytes', `"proxy_temp_file_write_size" ${LEAST}`)
  }
  if (found.tempFileBytesMax > 0 && found.tempFileBytesMax < largest) {
    const wanted = `must be equal to zero to disable temporary files usage or ${LEAST}`
    refuse('tempFileBytesMax', `"proxy_max_temp_file_size" ${wanted}`)
  }
}
