// The golden that `--check` carries: PyTorch's float64 output of a small network. `npm run build` embeds the file.
import { readFileSync } from 'node:fs';

export const GOLDEN = { model: 'exp48_decoder26', classes: 5, h: 32, w: 48 };

export const goldenFile = (): Uint8Array =>
  new Uint8Array(readFileSync(new URL('../test/goldens/exp48_decoder26_5_32x48.safetensors', import.meta.url)));
