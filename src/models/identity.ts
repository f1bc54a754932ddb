// How the paper starts to train a context module: as the identity, because random weights learned nothing (section 3). A layer of many channels hands
// on the mean of those that copy a class.
import { type Checks, number, readOptions, shape, text, whole } from '../check.ts';
import { AtrousError, brief } from '../errors.ts';
import { uniform } from '../weights/seeded.ts';
import { count, fromFloat32, type Tensor } from '../weights/tensor.ts';
import { type Context, contextLayers, dilatedNets } from './dilatednet.ts';

export interface IdentityOptions {
  /** Default: as many as the network was published with. */
  readonly classes?: number;
  /**
   * Gaussian noise on every weight that copies nothing. `std` is of a layer with as many channels as classes and is divided by a wider layer's multiple
   * of them, as the published training does with 0.01. Without: zeros.
   */
  readonly noise?: { readonly std: number; readonly seed: string };
}

const checks: Checks<IdentityOptions> = {
  classes: whole(1, 256),
  noise: shape({ std: number(0, Number.MAX_VALUE), seed: text }),
};

/**
 * First weights of the context module of a network such as `dilation8_camvid`: `<layer>.weight` (out × in × k × k) and `<layer>.bias` (zeros) by the names
 * of its deploy file, the last 1×1 included. With C classes an output b of c' takes the inputs a of c with ⌊aC/c⌋ = ⌊bC/c'⌋ at the centre, each C/c' times
 * (equation 5), so without noise the module gives ReLU of what it reads. Throws `BAD_USAGE` for networks without a context module, and numbers out of range.
 */
export function identityInit(model: string, options?: IdentityOptions): Map<string, Tensor> {
  const { classes, noise } = readOptions('identityInit()', options, checks);
  const { context, published } = contextOf(model);
  const c = classes ?? published;
  const tensors = new Map<string, Tensor>();
  let inputs = c;
  for (const { name, out, kernel } of contextLayers(context, c)) {
    const shape = [out, inputs, kernel, kernel];
    const std = noise ? (noise.std * c) / out : 0;
    const values = std > 0 ? gaussian(`${noise!.seed} ${name}`, count(shape), std) : new Float32Array(count(shape));
    const [area, centre] = [kernel * kernel, (kernel * kernel - 1) / 2];
    for (let o = 0; o < out; o++) {
      for (let i = 0; i < inputs; i++) {
        if (Math.floor((i * c) / inputs) === Math.floor((o * c) / out)) values[(o * inputs + i) * area + centre] = c / out;
      }
    }
    tensors.set(`${name}.weight`, fromFloat32(shape, values));
    tensors.set(`${name}.bias`, fromFloat32([out], new Float32Array(out)));
    inputs = out;
  }
  return tensors;
}

function contextOf(model: string): { context: Context; published: number } {
  const net = dilatedNets.get(model);
  if (net?.context) return { context: net.context, published: net.classes.labels.length };
  const names = [...dilatedNets.values()].filter(({ context }) => context).map(({ name }) => name);
  throw new AtrousError('BAD_USAGE', `${brief(model)} has no context module: choose ${names.join(', ')}`);
}

/** Normal deviates times `std`, the same for the same name (Box and Muller, 1958). */
function gaussian(name: string, n: number, std: number): Float32Array {
  const pairs = Math.ceil(n / 2);
  const u = uniform(name, 2 * pairs);
  return Float32Array.from({ length: n }, (_, i) => {
    const pair = i % pairs;
    const angle = 2 * Math.PI * u[pairs + pair];
    return std * Math.sqrt(-2 * Math.log(1 - u[pair])) * (i < pairs ? Math.cos(angle) : Math.sin(angle));
  });
}
