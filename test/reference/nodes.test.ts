// The reference twins against PyTorch, a node of the op table at a time: the first link in the chain of trust.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Constant, constantReader, tensorsOf } from '../../src/graph/constant.ts';
import { largest } from '../../src/graph/decision.ts';
import { type Node, relu, sigmoid } from '../../src/graph/graph.ts';
import { argmax } from '../../src/reference/classify.ts';
import { field } from '../../src/reference/field.ts';
import { evaluate } from '../../src/reference/run.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { toFloat64 } from '../../src/weights/tensor.ts';
import { input, type NodeCase, pytorch, relativeError } from '../goldens/pytorch.ts';
import { type ConvSpec, convRow } from '../kernels/table.ts';
import { sat } from '../record.ts';

/** The goldens have nine digits. */
const TOLERANCE = 6e-9;
const JUDGE = 'PyTorch in float64';

for (const golden of pytorch) {
  if (golden.op === 'block' || golden.op === 'antialias') continue;
  test(golden.name, () => {
    const got = golden.op === 'ties' ? argmax(field({ c: 3, h: 2, w: 2 }, Float64Array.from(golden.x))) : evaluated(golden);
    sat('reference', JUDGE);
    const shape = [got.c, got.h, got.w].slice(0, golden.y.shape.length);
    assert.equal(shape, golden.y.shape);
    const error = relativeError(got.data, golden.y.data);
    assert.ok(error <= TOLERANCE, `relative error ${error.toExponential(2)}`);
  });
}

function evaluated({ op, name, inputs, attributes, constants }: NodeCase) {
  const known: Record<string, Constant> = op === 'batchnorm' ? norm(name, inputs.x[0]) : {};
  for (const [role, shape] of Object.entries(constants)) known[role] = { kind: 'tensor', name: `${name}.${role}`, shape };
  const roles = Object.fromEntries(Object.keys(inputs).map(role => [role, role]));
  const node = { name: 'y', inputs: roles, ...nodeOf(op, attributes), constants: known } as unknown as Node;
  const values = new Map(Object.entries(inputs).map(([role, shape]) => [role, input(`${name}.${role}`, shape)]));
  const tensors = Object.values(known).flatMap(tensorsOf);
  const read = constantReader(new Map(tensors.map(([key, shape]) => [key, seededTensor(key, shape)])), toFloat64);
  return evaluate(node, values, read)[0][1];
}

/** The operation and its attributes as the graph has them. */
function nodeOf(op: NodeCase['op'], attributes: NodeCase['attributes']) {
  if (op === 'sigmoid') return { op: 'activate', attributes: sigmoid };
  if (op === 'batchnorm') return { op, attributes: { fused: {} } };
  if (op === 'warp') return { op, attributes: { corners: false, outside: 'zeros', scaled: false } };
  if (op !== 'conv') return { op, attributes: { ...(op === 'argmax' || op === 'classify' ? largest : {}), ...attributes } };
  const { activation, shortcut, ...spec } = attributes as unknown as Golden;
  const geometry = convRow({ i: 1, o: 1, h: 1, w: 1, ...spec }).node.attributes.geometry;
  return { op, attributes: { geometry, fused: { ...(activation && { activation: relu }), ...(shortcut && { shortcut }) } } };
}

/** Of a convolution. */
interface Golden extends Pick<ConvSpec, 'kernel' | 'stride' | 'dilations' | 'pads' | 'groups'> {
  readonly activation?: 'relu';
  readonly shortcut?: 'same' | 'pooled';
}

function norm(name: string, channels: number): Record<string, Constant> {
  const batch = { name, channels, epsilon: 1e-5 };
  return { scale: { kind: 'scale', norm: batch }, shift: { kind: 'shift', norm: batch, bias: null } };
}

test.run();
