// Weights as a texture, for rows whose adapters load a texel faster than four numbers of a buffer (shaders/lib/weights.texels.wgsl).
import { QUAD } from '../graph/layout.ts';
import type { Step } from '../plan/plan.ts';
import type { ShaderLibrary } from '../shader/source.ts';
import { TextureUsage } from './flags.ts';

/** Texels of a row: eight thousand rows, which every device has, hold half a gigabyte. */
const ROW = 4096;
const TEXEL = 4 * QUAD;
const FORMAT = 'rgba32float';

/** What an engine has. */
interface Owner {
  readonly device: GPUDevice;
  readonly library: ShaderLibrary;
}

/** A texture as it is bound. */
export type Texels = GPUTextureView & Pick<GPUTexture, 'destroy'>;

type Packed = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** An object, because a page fetches what it holds for such adapters alone (build-late.ts). */
export const texels: {
  /** The texture of a step's weights, the last row of them once more at its end; null where the shader reads a buffer. */
  weights?(owner: Owner, step: Step, packed: Packed): Texels | null;
  layout?: Partial<GPUBindGroupLayoutEntry>;
} = {
  weights({ device, library }, { node, shader }, packed) {
    if (!library.facts(shader, 'f32').bindings.some(({ kind }) => kind === 'texels')) return null;
    const count = packed.byteLength / TEXEL;
    const [rows, rest] = [Math.floor(count / ROW), count % ROW];
    const end = Math.min(count, ROW);
    const usage = TextureUsage.COPY_DST | TextureUsage.STORAGE_BINDING;
    const texture = device.createTexture({ label: `weights ${node}`, size: [ROW, rows + 2], format: FORMAT, usage });
    const put = (from: number, origin: number[], width: number, height: number): void => {
      const layout = { offset: from * TEXEL, bytesPerRow: ROW * TEXEL };
      if (width * height > 0) device.queue.writeTexture({ texture, origin }, packed, layout, [width, height]);
    };
    put(0, [0, 0], ROW, rows);
    put(rows * ROW, [0, rows], rest, 1);
    put(count - end, [ROW - end, rows + 1], end, 1);
    return Object.assign(texture.createView(), { destroy: () => texture.destroy() });
  },
  layout: { storageTexture: { access: 'read-only', format: FORMAT } },
};
