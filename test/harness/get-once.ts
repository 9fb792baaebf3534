// One request on a connection of its own, for tests that only want to know who serves.

import { once } from 'node:events'
import { request } from 'node:http'

/** The status and body of `GET /` at `address`: `host:port`, or `unix:` and a path. */
export async function getOnce(address: string): Promise<string> {
  const to = address.startsWith('unix:')
    ? { socketPath: address.slice('unix:'.length) }
    : { host: address.split(':')[0]!, port: Number(address.split(':')[1]) }
  const asked = request({ ...to, path: '/', agent: false, headers: { host: 'a' } })
  asked.end()
  const [response] = await once(asked, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return `${response.statusCode} ${body}`
}
