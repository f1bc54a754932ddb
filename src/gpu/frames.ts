// Frames on a device: what a pipeline reads, and the textures that sources are copied into.
import type { Size } from '../image/size.ts';
import { TextureUsage } from './flags.ts';

/** What the first step of a pipeline is given: pixels to be uploaded, a texture, or a video's own frame. */
export type Frame =
  | { readonly kind: 'pixels'; readonly rgba: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'texture'; readonly texture: GPUTexture }
  | { readonly kind: 'external'; readonly texture: GPUExternalTexture };

/** Textures that are lent for a frame: a ring that grows to as many as are under way. */
export interface FrameRing {
  take(size: Size): GPUTexture;
  /** Once the commands that read it are submitted. */
  give(texture: GPUTexture): void;
  destroy(): void;
}

/** Free textures kept, of all sizes together; those given back longest ago go first. */
const KEPT = 4;

/** Frames as canvases, videos and bitmaps are copied: eight bits a channel, alpha apart. */
export function frameRing(device: GPUDevice): FrameRing {
  const free: GPUTexture[] = [];
  const usage = TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_SRC | TextureUsage.COPY_DST | TextureUsage.RENDER_ATTACHMENT;
  return {
    take({ h, w }) {
      const at = free.findIndex(({ width, height }) => width === w && height === h);
      if (at >= 0) return free.splice(at, 1)[0];
      return device.createTexture({ label: 'source', size: [w, h], format: 'rgba8unorm', usage });
    },
    give(texture) {
      free.push(texture);
      if (free.length > KEPT) free.shift()!.destroy();
    },
    destroy() {
      for (const texture of free.splice(0)) texture.destroy();
    },
  };
}
