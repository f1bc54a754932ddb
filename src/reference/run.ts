// A whole graph on the CPU, fused or not, one slow twin a node: what every fast thing is compared with.
import { AtrousError } from '../errors.ts';
import type { ReadConstant } from '../graph/constant.ts';
import { shapeOf } from '../graph/constant.ts';
import { type Ending, type Graph, INPUT, isPointwise, type Node, type NodeOf, resolve, sigmoid } from '../graph/graph.ts';
import { activate, type EndingOptions } from './activate.ts';
import { adaptive } from './adaptive.ts';
import { attention } from './attention.ts';
import { chain } from './chain.ts';
import { argmax, classify } from './classify.ts';
import { combine } from './combine.ts';
import { concat } from './concat.ts';
import { type ConvOptions, conv } from './conv.ts';
import { deconv } from './deconv.ts';
import { type ElementwiseOptions, elementwise } from './elementwise.ts';
import { type ExciteOptions, excite } from './excite.ts';
import type { Field } from './field.ts';
import { gated } from './gated.ts';
import { grouped } from './grouped.ts';
import { interleave } from './interleave.ts';
import { layernorm } from './layernorm.ts';
import { matte } from './matte.ts';
import { merge } from './merge.ts';
import { moments, normalise } from './moments.ts';
import { move } from './move.ts';
import { narrow } from './narrow.ts';
import { type PointwiseOptions, pointwise } from './pointwise.ts';
import { maxpool, pool } from './pool.ts';
import { product } from './product.ts';
import { qconv } from './qconv.ts';
import { dequantise, qadd, qscale, quantise } from './qelementwise.ts';
import { qpool } from './qpool.ts';
import { qresize } from './qresize.ts';
import { qsums } from './qsums.ts';
import { reduce } from './reduce.ts';
import { resample } from './resample.ts';
import { sample } from './sample.ts';
import { softmax } from './softmax.ts';
import { squeeze } from './squeeze.ts';
import { sums } from './sums.ts';
import { type TailOptions, tail } from './tail.ts';
import { transposed } from './transposed.ts';
import { apart, twin } from './twin.ts';
import { unpool } from './unpool.ts';
import { upsample } from './upsample.ts';
import { crop, stack } from './view.ts';
import { warp } from './warp.ts';
import { window } from './window.ts';
import { winners } from './winners.ts';
import { zoom } from './zoom.ts';

/**
 * The graph's outputs and any `taps` (names or aliases of values), float64. `others`: what the graph's further inputs hold. Values are dropped after their last reader.
 * Takes seconds to minutes for a full frame, without a pause.
 */
export function run(
  graph: Graph,
  input: Field,
  read: ReadConstant,
  options: { readonly taps?: readonly string[]; readonly others?: ReadonlyMap<string, Field> } = {},
): Map<string, Field> {
  const wanted = new Set([...graph.outputs, ...(options.taps ?? [])].map(name => resolve(graph, name)));
  const last = new Map<string, number>();
  graph.nodes.forEach((node, n) => {
    for (const value of Object.values(node.inputs)) last.set(value, n);
  });
  const values = new Map([[INPUT, input], ...(options.others ?? [])]);
  graph.nodes.forEach((node, n) => {
    for (const [name, value] of evaluate(node, values, read)) values.set(name, value);
    for (const value of Object.values(node.inputs)) if (last.get(value) === n && !wanted.has(value)) values.delete(value);
  });
  return new Map([...wanted].map(name => [name, values.get(name)!]));
}

/** The values of one node, by name. */
export function evaluate(node: Node, values: ReadonlyMap<string, Field>, read: ReadConstant): [string, Field][] {
  const input = (role: string): Field => values.get(node.inputs[role])!;
  const x = 'x' in node.inputs ? input('x') : input('0');
  const plain: ElementwiseOptions = { from: 0, out: x.c, affine: null, other: null, combine: 'none' };
  switch (node.op) {
    case 'preprocess':
    case 'stem':
      throw new AtrousError('BAD_GRAPH', `${node.op} reads a frame, not a value: call its reference with pixels`);
    case 'conv':
      return evaluateConv(node, values, read);
    case 'batchnorm':
      return [
        [
          node.name,
          elementwise(x, {
            ...plain,
            affine: { scale: read(node.constants.scale), shift: read(node.constants.shift) },
            ...endOf(node, read),
          }),
        ],
      ];
    case 'activate':
      return [[node.name, activate(x, { activation: node.attributes, slope: slopeOf(node, read) })]];
    case 'add':
      return [[node.name, elementwise(x, { ...plain, other: input('other'), combine: 'add', ...endOf(node, read) })]];
    case 'mul':
      return [[node.name, elementwise(x, { ...plain, other: input('gate'), combine: 'gate' })]];
    case 'slice':
      return [
        [node.name, elementwise(x, { ...plain, from: node.attributes.from, out: node.attributes.to - node.attributes.from })],
      ];
    case 'copy':
      return [[node.name, x]];
    case 'narrow':
      return [[node.name, narrow(x)]];
    case 'crop':
      return [[node.name, crop(x, node.attributes.top, node.attributes.rows)]];
    case 'stack':
      return [[node.name, stack(Object.keys(node.inputs).map(input))]];
    case 'concat':
    case 'join':
      return [[node.name, concat(Object.keys(node.inputs).map(input), node.attributes.c !== undefined)]];
    case 'mean':
      return [[node.name, squeeze(x)]];
    case 'pool':
      return [[node.name, pool(x)]];
    case 'maxpool':
      return [[node.name, maxpool(x)]];
    case 'softmax':
      return [[node.name, softmax(x)]];
    case 'zoom': {
      const { attributes } = node;
      const probabilities = (): Field => (attributes.threshold === null ? softmax(x) : activate(x, { activation: sigmoid }));
      return [[node.name, attributes.classes ? argmax(zoom(probabilities(), attributes), attributes) : zoom(x, attributes)]];
    }
    case 'deconv': {
      const y = deconv(x, read(node.constants.weight), node.attributes);
      return [[node.name, node.attributes.classes ? argmax(y, node.attributes) : y]];
    }
    case 'resize':
      return [[node.name, upsample(x, node.attributes, node.attributes.mode)]];
    case 'merge':
      return [[node.name, merge(x, input('other'), { ...node.attributes, ...endOf(node, read) })]];
    case 'adaptive':
      return [[node.name, adaptive(x, node.attributes.bins)]];
    case 'warp':
      return [[node.name, warp(x, input('flow'), node.attributes)]];
    case 'transposed': {
      const out = shapeOf(node.constants.weight)[1] * node.attributes.groups;
      const scale = node.constants.scale ? read(node.constants.scale) : null;
      return [[node.name, transposed(x, { ...node.attributes, ...weighted(node, read), ...endOf(node, read), scale, out })]];
    }
    case 'interleave':
      return [[node.name, interleave(x, node.attributes)]];
    case 'window':
      return [[node.name, window(x, node.attributes)]];
    case 'winners':
      return [[node.name, winners(x, node.attributes)]];
    case 'unpool':
      return [[node.name, unpool(x, input('winners'), node.attributes)]];
    case 'sample':
      return [[node.name, sample(x, input('grid'), node.attributes)]];
    case 'combine':
      return [[node.name, combine(x, otherOf(node, values, read), { ...node.attributes, ...endOf(node, read) })]];
    case 'reduce':
      return [[node.name, reduce(x, node.attributes)]];
    case 'matte':
      return [[node.name, matte(x, node.attributes)]];
    case 'resample':
      return [[node.name, resample(x, node.attributes, read(node.constants.rows), read(node.constants.columns))]];
    case 'move': {
      const { channels, rows, columns } = node.constants;
      const tables = { channels: read(channels), rows: read(rows), columns: read(columns) };
      return [[node.name, move(Object.keys(node.inputs).map(input), { ...node.attributes, ...tables })]];
    }
    case 'moments': {
      const [scale, shift] = [node.constants.scale, node.constants.shift].map(given => (given ? read(given) : null));
      return [[node.name, moments(x, { ...node.attributes, scale, shift })]];
    }
    case 'normalise':
      return [[node.name, normalise(x, input('norm'), endOf(node, read))]];
    case 'layernorm': {
      const { scale, shift } = node.constants;
      const options = { ...node.attributes, scale: scale ? read(scale) : null, shift: shift ? read(shift) : null };
      return [[node.name, layernorm(x, options)]];
    }
    case 'product':
      return [[node.name, product(x, input('other'), node.attributes)]];
    case 'attention':
      return [[node.name, attention(x, input('keys'), input('values'), node.attributes)]];
    case 'argmax':
      return [[node.name, argmax(x, node.attributes)]];
    case 'classify':
      return [[node.name, classify(x, node.attributes)]];
    case 'quantise':
      return [[node.name, quantise(x, node.attributes.to)]];
    case 'dequantise':
      return [[node.name, dequantise(x, node.attributes.from)]];
    case 'qconv': {
      const out = shapeOf(node.constants.weight)[0];
      const residual = node.inputs.residual ? input('residual') : null;
      return [[node.name, qconv(x, { attributes: node.attributes, ...weighted(node, read), out, residual })]];
    }
    case 'qsums':
      return [[node.name, qsums(x, node.attributes)]];
    case 'qscale':
      return [[node.name, qscale(x, input('gate'), node.attributes)]];
    case 'qadd':
      return [[node.name, qadd(x, node.inputs.other ? input('other') : null, node.attributes)]];
    case 'qpool':
      return [[node.name, qpool(x, node.attributes)]];
    case 'qresize':
      return [[node.name, qresize(x, node.attributes)]];
    case 'excite':
      return [[node.name, excite(x, { ...layers(node, read), ...node.attributes })]];
    case 'sums':
      return [[node.name, sums(x, node.attributes.strips)]];
  }
}

function weighted({ constants: { weight, bias } }: Node, read: ReadConstant): { weight: Float64Array; bias: Float64Array | null } {
  return { weight: read(weight), bias: bias ? read(bias) : null };
}

function slopeOf({ constants: { slope } }: Node, read: ReadConstant): Float64Array | null {
  return slope ? read(slope) : null;
}

function endOf(node: Node & { readonly attributes: { readonly fused: Ending } }, read: ReadConstant): EndingOptions {
  return { activation: node.attributes.fused.activation, slope: slopeOf(node, read) };
}

/** What a combination takes beside x. */
function otherOf({ inputs, constants: { other } }: Node, values: ReadonlyMap<string, Field>, read: ReadConstant): Field {
  if (!other) return values.get(inputs.other)!;
  const [c, h, w] = shapeOf(other);
  return { c, h, w, data: read(other) };
}

/** The two layers of an excitation. */
function layers({ constants: { weight1, bias1, weight2, bias2 } }: Node, read: ReadConstant): Omit<ExciteOptions, 'pixels'> {
  return { weight1: read(weight1), bias1: read(bias1), weight2: read(weight2), bias2: read(bias2) };
}

/** The 1×1 convolution behind another. */
function projection({ constants: { project, projectBias } }: Node, read: ReadConstant): TailOptions['project'] {
  return project ? { weight: read(project), bias: projectBias ? read(projectBias) : null, out: shapeOf(project)[0] } : null;
}

function evaluateConv(node: NodeOf<'conv'>, values: ReadonlyMap<string, Field>, read: ReadConstant): [string, Field][] {
  const { inputs, attributes, constants } = node;
  const optional = (role: string): Field | null => (inputs[role] ? values.get(inputs[role])! : null);
  const x = values.get(inputs.x)!;
  const own = { ...weighted(node, read), ...endOf(node, read), out: shapeOf(constants.weight)[0] };
  const { shortcut: form, also, squeezed, pooled, partials, projected, halved } = attributes.fused;
  if (isPointwise(node)) {
    const shortcut = form ? { x: optional('shortcut')!, weight: read(constants.shortcut), form } : null;
    const fused = { gate: optional('gate'), shortcut, residual: optional('residual'), addend: optional('addend') };
    const pointwiseOptions: PointwiseOptions = { ...own, ...fused };
    const sums = optional('sums');
    const second = projection(node, read);
    if (sums && second) {
      const kept = gated(x, sums, pointwiseOptions, { ...layers(node, read), pixels: squeezed! });
      const { y, halved: means } = chain(kept, { ...second, activation: projected });
      const outputs: [string, Field][] = also
        ? apart(y, also.split).map((part, n) => [[node.name, also.name][n], part])
        : [[node.name, y]];
      return [...outputs, ...(halved ? [[halved, means] as [string, Field]] : [])];
    }
    if (also) {
      const [y, other] = twin(x, pointwiseOptions, also.split);
      return [
        [node.name, y],
        [also.name, other],
      ];
    }
    if (sums) return [[node.name, gated(x, sums, pointwiseOptions, { ...layers(node, read), pixels: squeezed! })]];
    return [[node.name, pointwise(x, pointwiseOptions)]];
  }
  const options: ConvOptions = { geometry: attributes.geometry, ...own, residual: optional('residual') };
  if (pooled) return [[node.name, maxpool(conv(x, options))]];
  const beside = optional('beside');
  if (beside || constants.project) return [[node.name, tail(x, { ...options, beside, project: projection(node, read) })]];
  if (!partials) return [[node.name, conv(x, options)]];
  const squeezing = grouped(x, options, partials.strips);
  return [
    [node.name, squeezing.y],
    [partials.name, squeezing.partials],
  ];
}
