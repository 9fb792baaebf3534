/**
 * The origin of the Zipf replay: `/o/N` answers with as many bytes as object N has.
 * It runs in a process of its own, started as `node origin.ts PORT SETTING`, with the setting in JSON.
 */

import { createServer } from 'node:http'
import { makeBody } from '../work.ts'
import { makeSizes, type ZipfSetting } from './requests.ts'

const [port = '', text = ''] = process.argv.slice(2)
// Its starter wrote it a moment ago.
const setting = JSON.parse(text) as ZipfSetting
const sizes = makeSizes(setting)
const content = makeBody(setting.bytesMax)

const server = createServer((request, response) => {
  const bytes = sizes[Number(/^\/o\/(\d+)$/.exec(request.url ?? '')?.[1])]
  if (bytes === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, {
    'content-length': bytes,
    'content-type': 'application/octet-stream',
    'cache-control': 'max-age=86400',
  })
  response.end(content.subarray(0, bytes))
})
server.keepAliveTimeout = 60_000
server.listen(Number(port), '127.0.0.1')
