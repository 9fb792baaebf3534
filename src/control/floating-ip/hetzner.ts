// Hetzner Cloud: floating IPs (https://docs.hetzner.cloud/). The API knows them by an id of their own, found by the address.

import { at, callJson, callOwnId, idOf } from './call-api.ts'
import type { CloudOptions } from './digitalocean.ts'
import { CloudError, type FloatingIpProvider } from './provider.ts'

export const HETZNER = {
  api: 'https://api.hetzner.cloud',
  metadata: 'http://169.254.169.254',
} as const

/** More pages than anybody has addresses. */
const PAGES_MAX = 100
const LOCKED = 422

export function makeHetzner({ api, metadata, token }: CloudOptions): FloatingIpProvider {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

  async function find(address: string, signal: AbortSignal): Promise<unknown> {
    for (let page = 1; page <= PAGES_MAX; page++) {
      const url = `${api}/v1/floating_ips?page=${page}&per_page=50`
      const list = await callJson({ url, headers }, signal)
      const items = at(list, 'floating_ips')
      const found = Array.isArray(items)
        ? items.find(item => at(item, 'ip') === address)
        : undefined
      if (found !== undefined) return found
      if (typeof at(list, 'meta', 'pagination', 'next_page') !== 'number') break
    }
    throw new CloudError(`the project of this token has no floating address ${address}`, true)
  }

  return {
    self: signal => callOwnId(`${metadata}/hetzner/v1/metadata/instance-id`, signal),
    async holder(address, signal) {
      return idOf(at(await find(address, signal), 'server'))
    },
    async assign(address, machine, signal) {
      const id = idOf(at(await find(address, signal), 'id'))
      const url = `${api}/v1/floating_ips/${id}/actions/assign`
      const body = JSON.stringify({ server: Number(machine) })
      const made = await callJson({ url, method: 'POST', headers, body, passing: [LOCKED] }, signal)
      if (at(made, 'action', 'status') === 'error') {
        throw new CloudError(`POST ${url}: the action has failed`, false)
      }
    },
  }
}
