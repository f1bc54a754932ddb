// What is done with a class map on the device behind a plan: it is drawn over its picture, or counted (count.ts).
import type { Look } from '../image/look.ts';
import type { Size } from '../image/size.ts';
import type { Finish } from '../kernels/finish.ts';
import { overlay, packPalette } from '../kernels/overlay.ts';
import { pipelineKey } from '../plan/plan.ts';
import { packParams } from '../shader/pack.ts';
import { compile, type Engine } from './executor.ts';
import { BufferUsage, TextureUsage } from './flags.ts';

export interface Finisher {
  /**
   * Draws what `look` says, alpha multiplied in, into an rgba8unorm texture of the picture's size, which is asked for right before the submit: a canvas's
   * own is gone with the task. `behind` is the background's picture.
   */
  draw(look: Look, picture: GPUTexture, classes: GPUTexture, behind: GPUTexture | null, target: () => GPUTexture): Promise<void>;
  /** The same for many pictures of a size, whose classes come in one texture: nothing is made for a picture that has been drawn before. */
  painter(look: Look, classes: GPUTexture, behind: GPUTexture | null): Promise<Painter>;
  /** A class map in memory as a texture, whose caller destroys it. */
  upload(classes: Uint8Array, size: Size): GPUTexture;
}

export interface Painter {
  encode(encoder: GPUCommandEncoder, picture: GPUTexture, target: GPUTexture): void;
  destroy(): void;
}

const ROW = 64;
/** Pixels of a row of a picture in a buffer, as shaders/lib/picture.wgsl has it. */
const paddedRow = (w: number): number => Math.ceil(w / ROW) * ROW;

/** What is made for one piece of work and goes with it. */
export type Made = { destroy(): void }[];

/** What binds a dispatch, and then records it; what it needs for itself goes to `made`. */
export async function dispatching<A>(engine: Engine, finish: Finish<A>, task: A, made: Made) {
  const { name } = finish;
  const { device, library } = engine;
  await library.load([name], 'f32');
  const facts = library.facts(name, 'f32');
  const step = { shader: name, overrides: finish.overrides(task), store: 'f32' } as const;
  const { pipeline, layout } = await compile(engine, step, 'f32', pipelineKey(step, 'f32'));
  const params = packParams(facts, finish.params(task), name);
  const uniform = finishBuffer(device, params.byteLength, BufferUsage.UNIFORM | BufferUsage.COPY_DST, made);
  device.queue.writeBuffer(uniform, 0, params);
  const groups = Math.ceil(finish.lanes(task) / Number(facts.workgroup));
  const across = Math.min(groups, device.limits.maxComputeWorkgroupsPerDimension);
  return (bound: Readonly<Record<string, GPUBindingResource>>) => {
    const resources: Readonly<Record<string, GPUBindingResource>> = { params: { buffer: uniform }, ...bound };
    const entries = facts.bindings.map(({ binding, name: word }) => ({ binding, resource: resources[word] }));
    const group = device.createBindGroup({ label: name, layout, entries });
    return (encoder: GPUCommandEncoder): void => {
      const pass = encoder.beginComputePass({ label: name });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(across, Math.ceil(groups / across));
      pass.end();
    };
  };
}

export function finishBuffer(device: GPUDevice, size: number, usage: number, made: Made): GPUBuffer {
  const fresh = device.createBuffer({ label: 'finish', size, usage });
  made.push(fresh);
  return fresh;
}

/** Runs it, and lets go of what was made for it: work that is submitted keeps what it needs. */
export async function using<T>(work: (made: Made) => Promise<T>): Promise<T> {
  const made: Made = [];
  try {
    return await work(made);
  } finally {
    for (const thing of made) thing.destroy();
  }
}

export function createFinisher(engine: Engine): Finisher {
  const { device } = engine;

  const texture = ({ h, w }: Size, format: GPUTextureFormat): GPUTexture =>
    device.createTexture({ label: 'finish', size: [w, h], format, usage: TextureUsage.TEXTURE_BINDING | TextureUsage.COPY_DST });

  const painter: Finisher['painter'] = async (look, classes, behind) => {
    const made: Made = [];
    const destroy = (): void => {
      for (const thing of made) thing.destroy();
    };
    try {
      const size = { h: classes.height, w: classes.width };
      const { background } = look;
      const axes: Awaited<ReturnType<typeof dispatching>>[] = [];
      if (background.kind === 'blur') {
        const { blur } = await import('../kernels/blur.ts');
        for (const down of [false, true])
          axes.push(await dispatching(engine, blur, { ...size, deviation: background.deviation, down }, made));
      }
      const paint = await dispatching(engine, overlay, { ...size, look }, made);
      const palette = finishBuffer(device, 256 * 16, BufferUsage.STORAGE | BufferUsage.COPY_DST, made);
      device.queue.writeBuffer(palette, 0, packPalette(look));
      const bytesPerRow = paddedRow(size.w) * 4;
      const y = finishBuffer(device, size.h * bytesPerRow, BufferUsage.STORAGE | BufferUsage.COPY_SRC, made);
      const blurred = axes.map(() => texture(size, 'rgba8unorm'));
      made.push(...blurred);
      const copy = (encoder: GPUCommandEncoder, to: GPUTexture): void =>
        encoder.copyBufferToTexture({ buffer: y, bytesPerRow }, { texture: to }, [size.w, size.h]);
      const bound = (picture: GPUTexture) => {
        const backs = [behind ?? picture, ...blurred];
        const passes = axes.map((axis, n) => axis({ frame: backs[n].createView(), y: { buffer: y } }));
        const last = paint({
          frame: picture.createView(),
          classes: classes.createView(),
          behind: backs.at(-1)!.createView(),
          palette: { buffer: palette },
          y: { buffer: y },
        });
        return (encoder: GPUCommandEncoder): void => {
          for (const [n, pass] of passes.entries()) {
            pass(encoder);
            copy(encoder, blurred[n]);
          }
          last(encoder);
        };
      };
      const known = new WeakMap<GPUTexture, (encoder: GPUCommandEncoder) => void>();
      return {
        encode(encoder, picture, target) {
          const record = known.get(picture) ?? bound(picture);
          known.set(picture, record);
          record(encoder);
          copy(encoder, target);
        },
        destroy,
      };
    } catch (error) {
      destroy();
      throw error;
    }
  };

  return {
    painter,
    draw: (look, picture, classes, behind, target) =>
      using(async made => {
        const once = await painter(look, classes, behind);
        made.push(once);
        const encoder = device.createCommandEncoder();
        once.encode(encoder, picture, target());
        device.queue.submit([encoder.finish()]);
      }),
    upload(classes, size) {
      const made = texture(size, 'r8uint');
      device.queue.writeTexture({ texture: made }, classes as Uint8Array<ArrayBuffer>, { bytesPerRow: size.w }, [size.w, size.h]);
      return made;
    },
  };
}
