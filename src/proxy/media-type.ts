// The media type of a path by its extension (http://nginx.org/en/docs/http/ngx_http_core_module.html#types).

import type { FileSettings } from '../model/settings.ts'

/** The type that belongs to the last segment's extension, else the default one, which may be empty. */
export function mediaType(path: string, files: FileSettings): string {
  const dot = path.lastIndexOf('.')
  const segment = path.lastIndexOf('/') + 1
  // A name that is all extension, like `.profile`, has none.
  if (dot <= segment) return files.defaultType
  const extension = path.slice(dot + 1).toLowerCase()
  return (Object.hasOwn(files.types, extension) && files.types[extension]) || files.defaultType
}
