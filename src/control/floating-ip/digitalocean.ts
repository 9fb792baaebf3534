// DigitalOcean: reserved IPs, which once were called floating IPs (https://docs.digitalocean.com/reference/api/). Who this
// machine is the metadata service says, without a token.

import { at, callJson, callOwnId, idOf } from './call-api.ts'
import { CloudError, type FloatingIpProvider } from './provider.ts'

/** While an earlier order for the address is carried out, another one is refused with this. */
const PENDING = 422

export interface CloudOptions {
  /** Base of the API, without a slash at its end. */
  readonly api: string
  /** Base of the metadata service. */
  readonly metadata: string
  readonly token: string
}

export const DIGITALOCEAN = {
  api: 'https://api.digitalocean.com',
  metadata: 'http://169.254.169.254',
} as const

export function makeDigitalOcean({ api, metadata, token }: CloudOptions): FloatingIpProvider {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return {
    self: signal => callOwnId(`${metadata}/metadata/v1/id`, signal),
    async holder(address, signal) {
      const found = await callJson({ url: `${api}/v2/reserved_ips/${address}`, headers }, signal)
      return idOf(at(found, 'reserved_ip', 'droplet', 'id'))
    },
    async assign(address, machine, signal) {
      const url = `${api}/v2/reserved_ips/${address}/actions`
      const body = JSON.stringify({ type: 'assign', droplet_id: Number(machine) })
      const made = await callJson(
        { url, method: 'POST', headers, body, passing: [PENDING] },
        signal,
      )
      if (at(made, 'action', 'status') === 'errored') {
        throw new CloudError(`POST ${url}: the action has failed`, false)
      }
    },
  }
}
