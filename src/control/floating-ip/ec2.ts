// AWS EC2: Elastic IPs, by the Query API with signed requests
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html). Who this machine is, its region, and
// unless the environment has them its keys, the metadata service says (IMDSv2).

import { AwsClient } from 'aws4fetch'

import { at, callApi, idOf } from './call-api.ts'
import { CloudError, type FloatingIpProvider } from './provider.ts'

const API_VERSION = '2016-11-15'
const METADATA_TTL_SECONDS = '60'

export const EC2_METADATA = 'http://169.254.169.254'

export interface Ec2Options {
  /** Base of the API; null = the usual one of the region. */
  readonly api: string | null
  readonly metadata: string
  /** Null = of the machine's place. */
  readonly region: string | null
  /** Null = of the machine's role. */
  readonly keys: Ec2Keys | null
}

export interface Ec2Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export function makeEc2(options: Ec2Options): FloatingIpProvider {
  const { metadata } = options

  async function ask(path: string, signal: AbortSignal): Promise<string> {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': METADATA_TTL_SECONDS }
    const url = `${metadata}/latest/api/token`
    const token = await callApi({ url, method: 'PUT', headers }, signal)
    const own = { 'x-aws-ec2-metadata-token': token }
    return callApi({ url: `${metadata}/latest/${path}`, headers: own }, signal)
  }

  async function keysOf(signal: AbortSignal): Promise<Ec2Keys> {
    if (options.keys !== null) return options.keys
    const path = 'meta-data/iam/security-credentials/'
    const role = (await ask(path, signal)).trim().split('\n')[0]!
    const found: unknown = parseJson(await ask(`${path}${encodeURIComponent(role)}`, signal))
    const accessKeyId = idOf(at(found, 'AccessKeyId'))
    const secretAccessKey = idOf(at(found, 'SecretAccessKey'))
    const sessionToken = idOf(at(found, 'Token'))
    if (accessKeyId === null || secretAccessKey === null || sessionToken === null) {
      throw new CloudError(`the metadata service gives no keys for the role "${role}"`, false)
    }
    return { accessKeyId, secretAccessKey, sessionToken }
  }

  async function regionOf(signal: AbortSignal): Promise<string> {
    if (options.region !== null) return options.region
    return (await ask('meta-data/placement/region', signal)).trim()
  }

  async function call(parameters: Record<string, string>, signal: AbortSignal): Promise<string> {
    const region = await regionOf(signal)
    const client = new AwsClient({ ...(await keysOf(signal)), region, service: 'ec2', retries: 0 })
    const url = options.api ?? `https://ec2.${region}.amazonaws.com`
    const body = new URLSearchParams({ ...parameters, Version: API_VERSION }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const send = (to: string, init: RequestInit) => client.fetch(to, init)
    return callApi({ url: `${url}/`, method: 'POST', headers, body }, signal, send)
  }

  async function describe(address: string, signal: AbortSignal): Promise<string> {
    return call({ Action: 'DescribeAddresses', 'PublicIp.1': address }, signal)
  }

  return {
    self: async signal => (await ask('meta-data/instance-id', signal)).trim(),
    holder: async (address, signal) => element(await describe(address, signal), 'instanceId'),
    async assign(address, machine, signal) {
      const allocation = element(await describe(address, signal), 'allocationId')
      if (allocation === null) throw new CloudError(`there is no Elastic IP ${address}`, true)
      const parameters = {
        Action: 'AssociateAddress',
        AllocationId: allocation,
        InstanceId: machine,
        AllowReassociation: 'true',
      }
      await call(parameters, signal)
    },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The text of the first element of that name: these answers are flat, and what is looked for has letters and digits only. */
function element(xml: string, name: string): string | null {
  return new RegExp(`<${name}>([\\w-]+)</${name}>`).exec(xml)?.[1] ?? null
}
