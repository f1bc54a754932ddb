// Fused forms of a convolution: what the pass that makes one and the kernel that runs it must agree on. The limits are those of a workgroup's
// memory, 16 KiB in WebGPU's defaults.
import { shapeOf } from './constant.ts';
import { type Geometry, isGrouped, isPointwise, type NodeOf } from './graph.ts';

type Conv = NodeOf<'conv'>;

/** Maps that one step copies into a join. */
export const JOINED = 4;
/** Branches of a grouped convolution: the shader's dilations are one vec4u. */
export const MAX_BRANCHES = 4;
/** Channels of an excitation, and hidden ones. */
export const MAX_CHANNELS = 2048;
export const MAX_HIDDEN = 256;
/** Channels that a gate made in a prologue has. */
const MAX_GATES = 1024;
/** A classifier in an epilogue: its work is a few per cent of the convolution's. */
const MAX_CLASSES = 32;
/** Channels of a convolution that a workgroup makes all of: they share its lanes evenly. */
const WHOLE = [32, 64, 128];

const only = (names: object, ...known: readonly string[]): boolean => Object.keys(names).every(name => known.includes(name));

/** Its end is a ReLU, or nothing. */
const mild = ({ attributes: { fused } }: Conv): boolean => !fused.activation || fused.activation.curve === 'relu';

/** A 1×1 convolution that makes its gate itself, from the sums of a squeeze. */
export function isGated(node: Conv): boolean {
  const { inputs, constants } = node;
  if (!isPointwise(node) || constants.project || !inputs.sums || !only(inputs, 'x', 'sums', 'shortcut', 'residual')) return false;
  const channels = shapeOf(constants.weight)[1];
  // Sums are whole quads, because a grouped convolution leaves them.
  return channels <= MAX_GATES && channels % 4 === 0 && shapeOf(constants.weight1)[0] <= MAX_HIDDEN;
}

/** A grouped 3×3 convolution with a dilation a branch: a lane's eight channels lie in one group, whose inputs and outputs are equally many. */
export function isBranched(node: Conv): boolean {
  const { groups, dilations } = node.attributes.geometry;
  const [out, width] = shapeOf(node.constants.weight);
  return isGrouped(node) && width % 8 === 0 && width * groups === out && dilations.length <= MAX_BRANCHES;
}

/** Two 1×1 convolutions of one map, each into a map of its own: a lane's eight channels go to one of the two. */
export function isTwin(node: Conv): boolean {
  const { also } = node.attributes.fused;
  return isPointwise(node) && also !== undefined && also.split % 8 === 0 && only(node.inputs, 'x');
}

/** A 3×3 convolution of a concat that is nowhere stored, or with a classifier behind it. */
export function isTail(node: Conv): boolean {
  const { attributes, inputs, constants } = node;
  const { kernel, strides, dilations, pads, groups } = attributes.geometry;
  const same = [...strides, ...dilations.flat(), ...pads.flat()].every(n => n === 1);
  if (
    kernel.some(size => size !== 3) ||
    !same ||
    !mild(node) ||
    groups > 1 ||
    !only(attributes.fused, 'activation') ||
    !only(inputs, 'x', 'beside')
  )
    return false;
  const classes = constants.project ? shapeOf(constants.project)[0] : 0;
  return ('beside' in inputs || classes > 0) && classes <= MAX_CLASSES && WHOLE.includes(shapeOf(constants.weight)[0]);
}

/** Neither of them, and no second output: what the plain kernels make. */
export function isUnforked({ inputs, constants, attributes }: Conv): boolean {
  return !inputs.sums && !inputs.beside && !constants.project && !attributes.fused.also;
}

/** Dense, and with one number for both axes: its stride, its dilation, what lies above and to the left. */
export function isEven({ strides, dilations: [rates], pads: [pads], groups }: Geometry): boolean {
  return groups === 1 && [strides, rates, pads].every(([down, right]) => down === right);
}

/** What the dense kernel makes: a residual and an activation may follow, or a pool. */
export function isDense({ attributes: { geometry, fused }, inputs, constants }: Conv): boolean {
  return isEven(geometry) && !fused.partials && !constants.project && only(inputs, 'x', 'residual');
}
