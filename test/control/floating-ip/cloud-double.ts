// A cloud on loopback that speaks the APIs of three providers: it knows who has the address, moves it some orders or looks
// later, and fails as it is told.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

import { afterTest } from '../../harness/after-test.ts'

export const ADDRESS = '203.0.113.7'
export const TOKEN = 'secret-token'

export interface Failure {
  readonly path: RegExp
  readonly status: number
  readonly body?: string
  /** How often; then it goes well. */
  times: number
  /** Never answers. */
  readonly isSilent?: boolean
}

export class CloudDouble {
  holder: string | null = '11'
  /** Looks after an order until it is carried out. */
  lag = 0
  readonly failures: Failure[] = []
  /** `METHOD path`, in order. */
  readonly calls: string[] = []
  readonly bodies: string[] = []
  readonly tokens = new Set<string>()
  #pending: { readonly to: string; left: number } | null = null
  readonly #server = createServer((request, response) => void this.#take(request, response))

  static async open(t: TestContext): Promise<CloudDouble> {
    const cloud = new CloudDouble()
    await new Promise<void>(resolve => cloud.#server.listen(0, '127.0.0.1', resolve))
    afterTest(t, () => {
      cloud.#server.closeAllConnections()
      cloud.#server.close()
    })
    return cloud
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const piece of request) body += String(piece)
    const line = `${request.method} ${request.url}`
    this.calls.push(line)
    if (body !== '') this.bodies.push(body)
    const failure = this.failures.find(each => each.times > 0 && each.path.test(line))
    if (failure !== undefined) {
      failure.times--
      if (failure.isSilent === true) return
      response.writeHead(failure.status).end(failure.body ?? '{"message":"trouble"}')
      return
    }
    const { authorization = '' } = request.headers
    const isMetadata = /\/metadata|\/latest\//.test(line)
    if (!isMetadata) this.tokens.add(authorization.split(' ')[1] ?? '')
    if (!isMetadata && !line.endsWith(' /') && authorization !== `Bearer ${TOKEN}`) {
      response.writeHead(401).end('{"message":"Unable to authenticate you"}')
      return
    }
    const answer = this.#answer(line, body)
    if (answer === null) response.writeHead(404).end('{"message":"not found"}')
    else response.writeHead(line.startsWith('POST') ? 201 : 200).end(answer)
  }

  #answer(line: string, body: string): string | null {
    switch (line) {
      case 'GET /metadata/v1/id':
      case 'GET /hetzner/v1/metadata/instance-id':
        return '22\n'
      case `GET /v2/reserved_ips/${ADDRESS}`: {
        const holder = this.#look()
        return JSON.stringify({
          reserved_ip: { ip: ADDRESS, droplet: holder === null ? null : { id: Number(holder) } },
        })
      }
      case `POST /v2/reserved_ips/${ADDRESS}/actions`: {
        const order = JSON.parse(body) as { type: string; droplet_id: number }
        this.#order(String(order.droplet_id))
        return '{"action":{"id":1,"status":"in-progress"}}'
      }
      case 'GET /v1/floating_ips?page=1&per_page=50':
        return '{"floating_ips":[{"id":1,"ip":"198.51.100.1"}],"meta":{"pagination":{"next_page":2}}}'
      case 'GET /v1/floating_ips?page=2&per_page=50': {
        const holder = this.#look()
        const server = holder === null ? null : Number(holder)
        return JSON.stringify({
          floating_ips: [{ id: 5, ip: ADDRESS, server }],
          meta: { pagination: { next_page: null } },
        })
      }
      case 'POST /v1/floating_ips/5/actions/assign':
        this.#order(String((JSON.parse(body) as { server: number }).server))
        return '{"action":{"status":"running"}}'
      case 'PUT /latest/api/token':
        return 'imds'
      case 'GET /latest/meta-data/instance-id':
        return 'i-22'
      case 'GET /latest/meta-data/placement/region':
        return 'eu-central-1'
      case 'GET /latest/meta-data/iam/security-credentials/':
        return 'role'
      case 'GET /latest/meta-data/iam/security-credentials/role':
        return '{"AccessKeyId":"AKIA","SecretAccessKey":"key","Token":"session"}'
      case 'POST /':
        return this.#query(new URLSearchParams(body))
      default:
        return null
    }
  }

  #query(query: URLSearchParams): string | null {
    if (query.get('Action') === 'AssociateAddress') {
      this.#order(query.get('InstanceId')!)
      return '<AssociateAddressResponse><return>true</return></AssociateAddressResponse>'
    }
    const holder = this.#look()
    const instance = holder === null ? '' : `<instanceId>${holder}</instanceId>`
    return `<DescribeAddressesResponse><addressesSet><item><allocationId>eipalloc-1</allocationId>${instance}</item></addressesSet></DescribeAddressesResponse>`
  }

  #order(to: string): void {
    this.#pending = { to, left: this.lag }
  }

  #look(): string | null {
    if (this.#pending !== null && this.#pending.left-- <= 0) {
      this.holder = this.#pending.to
      this.#pending = null
    }
    return this.holder
  }
}
