// `proxy_cache_max_range_offset`: a range that begins far behind is not worth fetching everything
// before it, so the request goes to the peer with its Range, and what comes is not stored.

/**
 * Says whether a Range field begins at or behind the offset. A suffix counts as far behind.
 *
 * @param range the field's value
 * @param offsetMax bytes; null = no limit, 0 = every range is far behind
 */
export function isRangeFarBehind(range: string, offsetMax: number | null): boolean {
  if (offsetMax === null) return false
  if (offsetMax === 0) return true
  const match = /^bytes= *(-?)(\d*)/i.exec(range)
  if (match === null || range.length < 7) return false
  if (match[1] === '-') return true
  return match[2] !== '' && Number(match[2]) >= offsetMax
}
