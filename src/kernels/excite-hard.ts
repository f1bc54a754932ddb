// The excitation with a hard sigmoid. Shaders: excite.hard.wgsl, excite.hard.workgroup.wgsl.
import type { Constant, ReadConstant } from '../graph/constant.ts';
import type { NodeOf } from '../graph/graph.ts';
import { excite, packExcite } from './excite.ts';
import { type Kernel, plain } from './kernel.ts';

/** Slope and middle go into the second layer: what is left is a clamp. */
function pack(node: NodeOf<'excite'>, read: ReadConstant): Float32Array<ArrayBuffer> {
  const { weight2, bias2 } = node.constants;
  const { a, b } = node.attributes.gate!;
  return packExcite(node, (constant: Constant) => {
    const numbers = read(constant);
    if (constant === weight2) return numbers.map(value => a * value);
    return constant === bias2 ? numbers.map(value => a * value + b) : numbers;
  });
}

export const exciteHard: Kernel = {
  ...excite,
  fits: node => (node as NodeOf<'excite'>).attributes.gate !== undefined && excite.fits(node),
  variants: [{ name: 'workgroup', shader: 'excite.hard.workgroup', needs: { barriers: true } }, plain('excite.hard')],
  pack: pack as unknown as Kernel['pack'],
};
