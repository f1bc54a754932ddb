// Weights that a file holds as halves, for rows that read halves: their bits, which nothing decodes on the way.
import { type Constant, type ReadConstant, shapeOf } from '../graph/constant.ts';
import { bitsOf, count, part } from '../weights/tensor.ts';

/** The values of a constant, or the bits of its halves. */
export type ReadNumbers = (constant: Constant) => ArrayLike<number>;

/** Reads the bits of these constants and of ranges of them; null where one of them is no tensor of halves just as it lies in the file. */
export function bitsReader({ tensors }: ReadConstant, constants: readonly Constant[]): ReadNumbers | null {
  const find = (constant: Constant) => (constant.kind === 'tensor' ? tensors?.get(constant.name) : undefined);
  const below = (constant: Constant): Constant => (constant.kind === 'range' ? constant.of : constant);
  if (!constants.every(constant => find(below(constant))?.dtype === 'F16')) return null;
  return constant => {
    const { of, from, to } = constant.kind === 'range' ? constant : { of: constant, from: 0, to: shapeOf(constant)[0] };
    const tensor = find(of)!;
    const step = count(tensor.shape.slice(1)) * 2;
    return bitsOf({ ...tensor, bytes: part(tensor.bytes, from * step, to * step) });
  };
}
