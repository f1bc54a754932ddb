// Everything that the product reads, one row a kind of file: whole ones, how they are damaged, how they are read, and who else reads them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import type { ErrorCode } from '../../src/errors.ts';
import { findData, readLabels, type Tree } from '../../src/eval/layouts.ts';
import { parseState } from '../../src/eval/state.ts';
import { sniff } from '../../src/image/format.ts';
import { decodeLabels } from '../../src/image/png.ts';
import { decodeText } from '../../src/node/files.ts';
import { readImage } from '../../src/node/photograph.ts';
import { importOnnx, pictureShape } from '../../src/onnx/import.ts';
import { loadOnnx } from '../../src/onnx/load.ts';
import { externalFiles, readOnnx, withExternal } from '../../src/onnx/read.ts';
import { parseCard, parsePart, withLabels } from '../../src/weights/card.ts';
import { checkTensors } from '../../src/weights/check.ts';
import { findTensors, type Listing } from '../../src/weights/find.ts';
import { readWeights } from '../../src/weights/read.ts';
import { bytesPer, count, toFloat32 } from '../../src/weights/tensor.ts';
import { openZip, unpack } from '../../src/weights/zip.ts';
import { caffemodels } from './caffemodel.ts';
import { faultOf } from './judge.ts';
import type { Specimen } from './mutate.ts';
import { onnxFiles } from './onnx.ts';
import { indexed, labelFiles, photographs } from './pictures.ts';
import { safetensorsFiles } from './safetensors.ts';
import { card, cards, classDicts, labelNames, states } from './texts.ts';
import { torchFiles } from './torch.ts';

/** What every mutant is called. */
export const NAME = 'file';

export interface Reader {
  readonly name: string;
  readonly specimens: readonly Specimen[];
  /** As the product reads it. Whatever it throws is judged. */
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
  readonly codes: readonly ErrorCode[];
  /** How what was read differs from what another decoder reads, or null. */
  readonly compare?: (bytes: Uint8Array, found: unknown) => Promise<string | null>;
  /** How many a run of the tests makes; default 300. */
  readonly cases?: number;
  /** Milliseconds that a mutant may take. */
  readonly limit: number;
}

const expected = new Map([
  ['a.weight', [2, 3]],
  ['a.bias', [3]],
]);
const fits = (tensors: Listing): boolean => tensors.get('a.weight')?.shape.join() === '2,3' && tensors.has('a.bias');

async function readWhole(bytes: Uint8Array): Promise<Listing> {
  const { tensors, metadata } = await readWeights(bytes, NAME);
  const own = metadata.get('atrous');
  if (own !== undefined) parseCard(own, `in ${NAME}`);
  for (const [key, tensor] of tensors) {
    const n = count(tensor.shape);
    if (tensor.problem) continue;
    if (tensor.bytes.length !== n * bytesPer[tensor.dtype]) throw new RangeError(`${key}: ${tensor.bytes.length} bytes for ${n}`);
    if (toFloat32(tensor).length !== n) throw new RangeError(`${key}: not ${n} values`);
  }
  const { tensors: found } = findTensors(tensors, NAME, { known: new Set(expected.keys()), fits, key: null });
  try {
    checkTensors(found, expected, NAME);
  } catch (error) {
    // The file was read all the same; only the sentence counts.
    const fault = faultOf(error, weights.codes);
    if (fault !== null) throw new RangeError(fault);
  }
  return tensors;
}

/** The header as JSON.parse has it. */
async function compareSafetensors(bytes: Uint8Array, found: unknown): Promise<string | null> {
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  for (const [key, tensor] of found as Listing) {
    const { shape: claimed, data_offsets: [begin, end] = [0, 0] } = header[key];
    if (String(claimed) !== String(tensor.shape)) return `${key} has another shape`;
    // Of a type that is not read.
    if (tensor.problem) continue;
    if (Buffer.compare(tensor.bytes, bytes.subarray(start + begin, start + end)) !== 0) return `${key} has other bytes`;
  }
  return null;
}

/** Node's own zlib, over records at the offsets of local headers. */
async function compareZip(bytes: Uint8Array): Promise<string | null> {
  const zip = openZip(bytes, NAME, 'x');
  for (const [key, entry] of zip.entries) {
    if (entry.method !== 8 || entry.size > 2 ** 20) continue;
    let other: Uint8Array;
    let own: Uint8Array;
    try {
      own = unpack(zip, entry, key, 2 ** 20);
      other = inflateRawSync(entry.packed, { maxOutputLength: 2 ** 20 });
    } catch {
      continue;
    }
    if (Buffer.compare(own, other) !== 0) return `${key} inflates otherwise by zlib`;
  }
  return null;
}

/** libpng, where it takes the file too: values as grey levels, or by the palette's colours. */
async function comparePng(bytes: Uint8Array, found: unknown): Promise<string | null> {
  const { data, width, height, palette } = found as Awaited<ReturnType<typeof decodeLabels>>;
  const bits = bytes[24];
  let other: Awaited<ReturnType<typeof seen>>;
  try {
    other = await seen(bytes);
  } catch {
    return null;
  }
  if (other.info.width !== width || other.info.height !== height) return `libpng has ${other.info.height}×${other.info.width}`;
  const { channels } = other.info;
  for (let pixel = 0; pixel < data.length; pixel++) {
    const colour = palette ? palette[data[pixel]] : Array(3).fill((data[pixel] * 255) / (2 ** bits - 1));
    // What has no colour in the palette has any.
    if (!colour) continue;
    if (colour.slice(0, channels).some((part: number, channel: number) => part !== other.data[pixel * channels + channel]))
      return `pixel ${pixel} is ${data[pixel]}, by libpng ${other.data.subarray(pixel * channels, (pixel + 1) * channels)}`;
  }
  return null;
}

function seen(bytes: Uint8Array) {
  return sharp(bytes, { failOn: 'error' }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
}

/** A data set in CamVid's layout with one picture. */
async function readClassDict(bytes: Uint8Array): Promise<unknown> {
  const folders: Record<string, readonly string[]> = {
    '': ['class_dict.csv', 'test/', 'test_labels/'],
    test: ['a.png'],
    test_labels: ['a_L.png'],
  };
  const tree: Tree = {
    root: NAME,
    list: async folder => folders[folder] ?? null,
    read: async file => (file === 'class_dict.csv' ? bytes : indexed),
    readColours: async () => ({ data: new Uint8Array(16), width: 2, height: 2 }),
  };
  const data = await findData(tree, { layout: 'camvid', split: undefined, needLabels: true });
  const [sample] = data.samples;
  const { table } = data.forms[sample.form];
  return table && readLabels(tree, sample, table);
}

const folder = mkdtempSync(join(tmpdir(), 'atrous-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Only what is known by its first bytes as a picture may reach a decoder. */
async function readPhotograph(bytes: Uint8Array): Promise<unknown> {
  sniff(bytes);
  const file = join(folder, NAME);
  writeFileSync(file, bytes);
  const { data, width, height } = await readImage(file);
  if (data.length !== width * height * 4) throw new RangeError(`${data.length} bytes for ${height}×${width}`);
  return data;
}

/** Its graph at a size, with files beside it that hold nothing. */
async function importWhole(bytes: Uint8Array): Promise<unknown> {
  const model = readOnnx(bytes, NAME);
  const beside = new Map(externalFiles(model).map(name => [name, new Uint8Array(8)]));
  const shapes = new Map(model.inputs.map(port => [port.name, pictureShape(port, { h: 9, w: 12 }) ?? [1]]));
  return importOnnx(withExternal(model, beside), shapes);
}

const imports: readonly ErrorCode[] = ['BAD_WEIGHTS', 'BAD_GRAPH', 'BAD_USAGE'];
const weights = { read: readWhole, codes: ['BAD_WEIGHTS'], limit: 250 } as const;
const text = (bytes: Uint8Array): string => decodeText(bytes, NAME);
const wholeCard = parseCard(JSON.stringify(card), NAME);

/** A new kind of file is a row. */
export const readers: readonly Reader[] = [
  { name: 'safetensors', specimens: safetensorsFiles, ...weights, compare: compareSafetensors },
  { name: 'torch', specimens: torchFiles, ...weights, compare: compareZip },
  { name: 'caffemodel', specimens: caffemodels, ...weights },
  { name: 'onnx', specimens: onnxFiles, read: importWhole, codes: imports, limit: 50, cases: 500 },
  // As one that takes pictures: at several sizes, a hundred rows each, whose tables of places may have a hundred thousand entries.
  {
    name: 'onnx-picture',
    specimens: onnxFiles,
    read: bytes => loadOnnx(bytes, NAME, { beside: async () => new Uint8Array(8) }),
    codes: imports,
    limit: 2000,
  },
  {
    name: 'labels',
    specimens: labelFiles,
    read: bytes => decodeLabels(bytes, NAME),
    codes: ['BAD_IMAGE'],
    compare: comparePng,
    limit: 250,
  },
  {
    name: 'card',
    specimens: cards,
    read: async bytes => [parsePart(text(bytes), NAME), parseCard(text(bytes), NAME)],
    codes: ['BAD_WEIGHTS', 'BAD_USAGE'],
    limit: 250,
  },
  { name: 'class_dict', specimens: classDicts, read: readClassDict, codes: ['BAD_USAGE', 'BAD_IMAGE'], limit: 250 },
  {
    name: 'names',
    specimens: labelNames,
    read: async bytes => withLabels(wholeCard, text(bytes), NAME),
    codes: ['BAD_USAGE'],
    limit: 250,
  },
  { name: 'state', specimens: states, read: async bytes => parseState(text(bytes), NAME), codes: ['BAD_USAGE'], limit: 250 },
  // Decoded by a library with threads of its own, so the time is its.
  { name: 'photograph', specimens: photographs, read: readPhotograph, codes: ['BAD_IMAGE'], limit: 5000 },
];
