/**
 * Draws the Zipf replay as an SVG: the share of hits over time, what lay on the disk meanwhile, and the
 * latencies of hits and misses together, one line or bar for each proxy.
 * Plain shapes and a system font, so that a browser and a forge show the same; colours that also
 * differ in brightness (Okabe and Ito), for those who tell them apart by that.
 */

/** One proxy's run. */
export interface ZipfSeries {
  readonly name: string
  /** Share of hits of each second, 0 to 1. */
  readonly hitRatios: readonly number[]
  /** MiB on the disk at the end of each second. */
  readonly storedMib: readonly number[]
  /** By percentile, in the order of `percents`. */
  readonly latenciesMs: readonly number[]
}

/** What stands in the picture besides the lines. */
export interface ZipfPicture {
  readonly title: string
  readonly subtitle: string
  readonly percents: readonly number[]
  readonly idealRatio: number
  readonly cacheMib: number
  readonly series: readonly ZipfSeries[]
}

interface Panel {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

interface Axis {
  readonly most: number
  readonly ticks: readonly number[]
  format(value: number): string
}

const WIDTH = 860
const HEIGHT = 580
const COLOURS = ['#d55e00', '#0072b2', '#009e73', '#cc79a7']
const TEXT = '#333'
const FAINT = '#ddd'

const HITS: Panel = { left: 70, top: 86, width: 760, height: 190 }
const DISK: Panel = { left: 70, top: 346, width: 350, height: 190 }
const LATENCY: Panel = { left: 510, top: 346, width: 320, height: 190 }

/** Makes the text of the SVG. */
export function drawZipf(picture: ZipfPicture): string {
  const { title, subtitle, series, idealRatio, cacheMib } = picture
  const seconds = Math.max(1, ...series.map(({ hitRatios }) => hitRatios.length))
  const ratioAxis = { most: 1, ticks: [0, 0.25, 0.5, 0.75, 1], format: formatShare }
  const diskAxis = pickAxis(Math.max(cacheMib, ...series.flatMap(one => one.storedMib)), String)
  const timeAxis = { ...pickAxis(seconds, value => `${value} s`), most: seconds }
  const parts = [
    text(24, 30, title, 'font-size="18" font-weight="600"'),
    text(24, 50, subtitle, 'font-size="12" fill="#666"'),
    drawLegend(series),
    drawFrame(HITS, 'hits among the requests of each second', ratioAxis, timeAxis),
    drawLevel(HITS, idealRatio, `the best that fits, known beforehand: ${formatShare(idealRatio)}`),
    ...series.map((one, index) => drawLine(HITS, one.hitRatios, 1, timeAxis.most, index)),
    drawFrame(DISK, 'MiB on the disk', diskAxis, timeAxis),
    drawLevel(DISK, cacheMib / diskAxis.most, `max_size = ${cacheMib} MiB`),
    ...series.map((one, index) => {
      return drawLine(DISK, one.storedMib, diskAxis.most, timeAxis.most, index)
    }),
    drawBars(picture),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"
  font-family="system-ui, sans-serif" font-size="12" fill="${TEXT}">
<title>${escapeText(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.join('\n')}
</svg>
`
}

function drawLegend(series: readonly ZipfSeries[]): string {
  return series
    .map(({ name }, index) => {
      const left = WIDTH - 30 - (series.length - index) * 110
      const swatch = `<rect x="${left}" y="21" width="18" height="10" rx="2" fill="${colour(index)}"/>`
      return swatch + text(left + 24, 30, name)
    })
    .join('\n')
}

function drawFrame(panel: Panel, title: string, vertical: Axis, horizontal: Axis | null): string {
  const { left, top, width, height } = panel
  const lines = [text(left, top - 10, title, 'font-weight="600"')]
  for (const tick of vertical.ticks) {
    const y = top + height * (1 - tick / vertical.most)
    const stroke = tick === 0 ? '#888' : FAINT
    lines.push(
      `<line x1="${left}" x2="${left + width}" y1="${round(y)}" y2="${round(y)}" stroke="${stroke}"/>`,
      text(left - 8, y + 4, vertical.format(tick), 'text-anchor="end"'),
    )
  }
  for (const tick of horizontal?.ticks ?? []) {
    if (tick > (horizontal?.most ?? 0)) continue
    const x = left + (width * tick) / (horizontal?.most ?? 1)
    const label = horizontal?.format(tick) ?? ''
    lines.push(text(x, top + height + 18, label, 'text-anchor="middle"'))
  }
  return lines.join('\n')
}

function drawLevel({ left, top, width, height }: Panel, share: number, label: string): string {
  const y = round(top + height * (1 - share))
  return `<line x1="${left}" x2="${left + width}" y1="${y}" y2="${y}" stroke="#888" stroke-dasharray="5 4"/>
${text(left + width, top - 10, `- - ${label}`, 'text-anchor="end" fill="#666" font-size="11"')}`
}

function drawLine(
  { left, top, width, height }: Panel,
  values: readonly number[],
  most: number,
  seconds: number,
  index: number,
): string {
  const points = values.map((value, second) => {
    const x = left + (width * (second + 1)) / seconds
    return `${round(x)},${round(top + height * (1 - value / most))}`
  })
  const shape = `fill="none" stroke="${colour(index)}" stroke-width="2" stroke-linejoin="round"`
  return `<polyline points="${points.join(' ')}" ${shape}/>`
}

/** Bars side by side for each percentile, each with its figure: the scale is logarithmic. */
function drawBars({ series, percents }: ZipfPicture): string {
  const { left, top, width, height } = LATENCY
  const all = series.flatMap(({ latenciesMs }) => latenciesMs).filter(value => value > 0)
  const low = 10 ** Math.floor(Math.log10(Math.min(1, ...all)))
  const high = 10 ** Math.ceil(Math.log10(Math.max(low * 10, ...all)))
  const decades = Math.log10(high / low)
  const ticks = Array.from({ length: decades + 1 }, (_, index) => index)
  const axis = { most: decades, ticks, format: (tick: number) => `${round(low * 10 ** tick)} ms` }
  const group = width / percents.length
  const bar = Math.min(44, (group - 16) / series.length)
  const bars = percents.flatMap((percent, position) => {
    const middle = left + group * (position + 0.5)
    const shapes = series.map(({ latenciesMs }, index) => {
      const value = latenciesMs[position] ?? Number.NaN
      const share = Math.max(0, Math.log10(value / low) / decades)
      const x = middle + (index - series.length / 2) * bar
      const y = top + height * (1 - share)
      const label = text(x + bar / 2, y - 4, formatMs(value), 'text-anchor="middle" font-size="10"')
      return `<rect x="${round(x + 1)}" y="${round(y)}" width="${round(bar - 2)}" height="${round(height * share)}" fill="${colour(index)}"/>
${label}`
    })
    return [...shapes, text(middle, top + height + 18, `p${percent}`, 'text-anchor="middle"')]
  })
  return [drawFrame(LATENCY, 'latency of all requests', axis, null), ...bars].join('\n')
}

/** A round number at or above the greatest value, and ticks that divide it. */
function pickAxis(greatest: number, format: (value: number) => string): Axis {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000].find(one => greatest / one <= 6)
  const each = step ?? greatest / 6
  const most = each * Math.max(1, Math.ceil(greatest / each))
  const ticks = Array.from({ length: Math.round(most / each) + 1 }, (_, index) => index * each)
  return { most, ticks, format }
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeText(content)}</text>`
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? TEXT
}

function formatShare(value: number): string {
  return `${Math.round(value * 100)} %`
}

function formatMs(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
