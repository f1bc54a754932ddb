// Weights of a file of halves, packed for rows that read halves: their bits, never decoded, and the same bytes as of the same numbers in float32.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Constant, constantReader, type ReadConstant, tensorsOf } from '../../src/graph/constant.ts';
import type { NodeOf } from '../../src/graph/graph.ts';
import { matrices } from '../../src/kernels/matrices.ts';
import { seededTensor } from '../../src/weights/seeded.ts';
import { encodeFloat16, fromFloat32, type Tensor, toFloat32, toFloat64 } from '../../src/weights/tensor.ts';
import { tables } from '../kernels/index.ts';

const WEIGHTS = ['weight', 'shortcut'];

// Codes have no halves.
const rows = Object.entries(matrices).flatMap(([kernel, variants]) => variants.map(variant => ({ kernel, ...variant })));
for (const { kernel, fits, pack } of rows.filter(({ needs }) => needs.matrix!.operands === 'f16')) {
  for (const { name, node } of tables.find(table => table.kernel === kernel)!.rows) {
    if (!(fits?.(node) ?? true)) continue;
    test(`${kernel}, row "${name}"`, () => {
      const constants = Object.entries(node.constants as Readonly<Record<string, Constant>>);
      const halves = new Map<string, Tensor>();
      for (const [role, constant] of constants) {
        for (const [tensor, shape] of tensorsOf(constant)) {
          const numbers = seededTensor(tensor, shape);
          const bytes = encodeFloat16(toFloat32(numbers));
          halves.set(tensor, WEIGHTS.includes(role) ? { dtype: 'F16', shape, bytes } : numbers);
        }
      }
      const floats = new Map([...halves].map(([tensor, half]) => [tensor, fromFloat32(half.shape, toFloat32(half))]));
      const weights = constants.filter(([role]) => WEIGHTS.includes(role)).map(([, constant]) => constant);
      const plain = constantReader(halves, toFloat64);
      const strict: ReadConstant = Object.assign(
        (constant: Constant) => {
          const below = constant.kind === 'range' ? constant.of : constant;
          assert.not.ok(weights.includes(below), `the numbers of ${below.kind} are asked for`);
          return plain(constant);
        },
        { tensors: halves },
      );
      const packed = (read: ReadConstant): Uint8Array => pack!(node as NodeOf<'conv'>, read, 'f32') as Uint8Array;
      assert.equal(packed(strict), packed(constantReader(floats, toFloat64)));
    });
  }
}

test.run();
