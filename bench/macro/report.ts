/**
 * From samples to the table and the JSON: medians over the rounds, ratios to nginx, remarks.
 * A ratio is taken within each round and only then the median over the rounds, because nginx
 * measured seconds before is the better neighbour on a machine whose speed drifts.
 */

import type { Machine } from './machine.ts'

/** One measurement of one proxy. */
export interface Sample {
  readonly round: number
  readonly requests: number
  readonly requestsPerSecond: number
  /** CPU time of the proxy, microseconds for each request. */
  readonly cpuMicros: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly socketErrors: number
  readonly badStatuses: number
  /** Connections and requests that reached the origin meanwhile. */
  readonly originConnections: number
  readonly originRequests: number
  /** Share of the proxy's core that went to other processes, 0 to 1. */
  readonly foreignShare: number
}

/** All measurements of one proxy at one kind of work. */
export interface Contender {
  readonly name: string
  readonly samples: readonly Sample[]
  /** Resident memory after the last round. */
  readonly residentBytes: number
}

/** The medians of one proxy at one kind of work. */
export interface Summary {
  readonly name: string
  readonly cpuMicros: number
  readonly cpuMicrosRange: readonly [number, number]
  /** Null when nginx was not measured. */
  readonly ratioToNginx: number | null
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly residentBytes: number
}

/** One kind of work with everything measured at it. */
export interface WorkResult {
  readonly work: string
  readonly title: string
  readonly contenders: readonly Contender[]
}

/** What stands in the JSON file. */
export interface RunResult {
  readonly date: string
  readonly commit: string
  readonly command: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  readonly seconds: number
  readonly results: readonly WorkResult[]
}

const BASELINE = 'nginx'

/** From this share on, work of others on the proxy's core is remarked on. */
const FOREIGN_SHARE_REMARKED = 0.1

/** From this share of failed requests on, a figure is void. */
const ERROR_SHARE_MAX = 0.01

const MIB = 1024 * 1024

/**
 * Computes the median.
 *
 * @param values at least one
 */
export function computeMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  if (sorted.length % 2 === 1) return upper
  return ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Computes the CPU time of one request.
 *
 * @returns microseconds; infinite when nothing was served
 */
export function computeCpuMicros(ticks: number, ticksPerSecond: number, requests: number): number {
  return requests === 0 ? Number.POSITIVE_INFINITY : (ticks / ticksPerSecond / requests) * 1e6
}

/**
 * Computes how much CPU time a proxy takes for each unit of the baseline's.
 *
 * @returns the median over the rounds both have; null when they share none
 */
export function computeRatio(
  samples: readonly Sample[],
  baseline: readonly Sample[],
): number | null {
  const ratios = samples.flatMap(sample => {
    const neighbour = baseline.find(other => other.round === sample.round)
    const ratio = neighbour === undefined ? Number.NaN : sample.cpuMicros / neighbour.cpuMicros
    // A round in which one of them served nothing compares nothing.
    return Number.isFinite(ratio) ? [ratio] : []
  })
  return ratios.length === 0 ? null : computeMedian(ratios)
}

/** Summarises each proxy of one kind of work, in the order in which they were measured. */
export function summarise(result: WorkResult): Summary[] {
  const baseline = result.contenders.find(contender => contender.name === BASELINE)
  return result.contenders.map(({ name, samples, residentBytes }) => {
    const costs = samples.map(sample => sample.cpuMicros)
    return {
      name,
      cpuMicros: computeMedian(costs),
      cpuMicrosRange: [Math.min(...costs), Math.max(...costs)],
      ratioToNginx: computeRatio(samples, baseline?.samples ?? []),
      requestsPerSecond: computeMedian(samples.map(sample => sample.requestsPerSecond)),
      p50Ms: computeMedian(samples.map(sample => sample.p50Ms)),
      p99Ms: computeMedian(samples.map(sample => sample.p99Ms)),
      residentBytes,
    }
  })
}

/** Makes the table of one kind of work, with the remarks below it. */
export function formatTable(result: WorkResult): string {
  const header = ['proxy', 'CPU us/req', 'range', 'x nginx', 'req/s', 'p50 ms', 'p99 ms', 'RSS MiB']
  const rows = summarise(result).map(summary => [
    summary.name,
    formatMicros(summary.cpuMicros),
    [...new Set(summary.cpuMicrosRange.map(formatMicros))].join('-'),
    summary.ratioToNginx === null ? '-' : summary.ratioToNginx.toFixed(2),
    formatCount(summary.requestsPerSecond),
    summary.p50Ms.toFixed(2),
    summary.p99Ms.toFixed(2),
    (summary.residentBytes / MIB).toFixed(1),
  ])
  const lines = alignColumns([header, ...rows])
  const remarks = result.contenders.flatMap(findRemarks).map(remark => `! ${remark}`)
  return [`${result.work}: ${result.title}`, ...lines, ...remarks]
    .map((line, index) => (index === 0 ? line : `  ${line}`))
    .join('\n')
}

/** Makes the overview: for each kind of work the ratio of each proxy to nginx. */
export function formatOverview(results: readonly WorkResult[]): string {
  const names = [...new Set(results.flatMap(result => result.contenders.map(({ name }) => name)))]
  const rows = results.map(result => {
    const summaries = summarise(result)
    const ratios = names.map(name => {
      const ratio = summaries.find(summary => summary.name === name)?.ratioToNginx ?? null
      return ratio === null ? '-' : ratio.toFixed(2)
    })
    return [result.work, ...ratios]
  })
  const lines = alignColumns([['work', ...names], ...rows]).map(line => `  ${line}`)
  return ['CPU time for each request, as a multiple of what nginx takes', ...lines].join('\n')
}

/** Tells what a reader of a proxy's figures has to know. */
export function findRemarks({ name, samples }: Contender): string[] {
  const remarks: string[] = []
  const sum = (pick: (sample: Sample) => number): number => {
    return samples.reduce((total, sample) => total + pick(sample), 0)
  }
  const socketErrors = sum(sample => sample.socketErrors)
  const badStatuses = sum(sample => sample.badStatuses)
  if (socketErrors > 0) remarks.push(`${name}: ${formatCount(socketErrors)} socket errors`)
  if (badStatuses > 0) remarks.push(`${name}: ${formatCount(badStatuses)} bad statuses`)
  const foreign = Math.max(0, ...samples.map(sample => sample.foreignShare))
  if (foreign >= FOREIGN_SHARE_REMARKED) {
    remarks.push(`${name}: others had up to ${Math.round(foreign * 100)} % of its core`)
  }
  return remarks
}

/** Tells whether so many requests failed that the figures are not worth comparing. */
export function isVoid({ samples }: Contender): boolean {
  return samples.some(({ requests, socketErrors, badStatuses }) => {
    return requests === 0 || (socketErrors + badStatuses) / requests > ERROR_SHARE_MAX
  })
}

/** Makes the JSON text: the medians first, then every sample they come from. */
export function formatJson(run: RunResult): string {
  const results = run.results.map(result => ({
    work: result.work,
    title: result.title,
    summary: summarise(result),
    samples: Object.fromEntries(
      result.contenders.map(contender => [contender.name, contender.samples]),
    ),
  }))
  return `${JSON.stringify({ ...run, results }, null, 2)}\n`
}

/** Writes microseconds: one decimal below 100, whole with thousands set apart above. */
export function formatMicros(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return value < 100 ? value.toFixed(1) : formatCount(value)
}

/** Writes a whole number with its thousands set apart. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => {
    return Math.max(...rows.map(row => row[column]?.length ?? 0))
  })
  return rows.map(row => {
    return row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
  })
}
