// What a picture's first bytes say that it is. Decoders that sniff for themselves would also run vector formats, which are programs: only what is named
// here as read is handed to one.

/** Formats that are read, by sharp's word for them. */
export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'heif';

interface Signature {
  readonly name: string;
  /** Absent: known by sight, and not read. */
  readonly format?: PictureFormat;
  /** A byte as a character of Latin-1; `.` in it stands for any. */
  readonly starts: readonly string[];
}

const signatures: readonly Signature[] = [
  { name: 'JPEG', format: 'jpeg', starts: ['\xff\xd8\xff'] },
  { name: 'PNG', format: 'png', starts: ['\x89PNG\r\n\x1a\n'] },
  { name: 'GIF', format: 'gif', starts: ['GIF87a', 'GIF89a'] },
  { name: 'WebP', format: 'webp', starts: ['RIFF....WEBP'] },
  { name: 'TIFF', format: 'tiff', starts: ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'] },
  // ISO base media file (ISO/IEC 14496-12): size of the first box, `ftyp`, the major brand.
  { name: 'AVIF', format: 'heif', starts: ['....ftypavif', '....ftypavis', '....ftypmif1', '....ftypmiaf'] },
  { name: 'HEIC', starts: ['....ftyphei', '....ftyphev', '....ftypmsf1'] },
  { name: 'BMP', starts: ['BM'] },
  { name: 'PNM', starts: ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'PF', 'Pf'] },
  { name: 'SVG or other XML', starts: ['<', '\xef\xbb\xbf<', ' <', '\n<', '\r\n<'] },
  { name: 'gzip', starts: ['\x1f\x8b'] },
  { name: 'PDF', starts: ['%PDF'] },
  { name: 'PostScript', starts: ['%!PS'] },
  { name: 'JPEG 2000', starts: ['\0\0\0\x0cjP', '\xff\x4f\xff\x51'] },
  { name: 'JPEG XL', starts: ['\xff\x0a', '\0\0\0\x0cJXL '] },
  { name: 'Photoshop', starts: ['8BPS'] },
  { name: 'OpenEXR', starts: ['\x76\x2f\x31\x01'] },
];

/** The kind of a file by its first bytes: a name for people, and a format if it is one that is read. Null where nothing is recognised. */
export function sniff(bytes: Uint8Array): { readonly name: string; readonly format: PictureFormat | null } | null {
  const fits = (start: string): boolean =>
    bytes.length >= start.length && [...start].every((byte, index) => byte === '.' || byte.charCodeAt(0) === bytes[index]);
  const found = signatures.find(({ starts }) => starts.some(fits));
  return found ? { name: found.name, format: found.format ?? null } : null;
}
