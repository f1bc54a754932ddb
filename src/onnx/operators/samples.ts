// Samples of a map at the points of a grid.
import { toFloat32 } from '../../weights/tensor.ts';
import { intOf, textOf } from '../call.ts';
import { type Mapped, ordered } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { laidOut, type Pen } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, made, mapIn, nameOf } from './inputs.ts';

export const samples: Record<string, Operator> = { GridSample: gridSample };

/** By ONNX's words for them, those before opset 20 among them. */
const modes = new Map<string, 'linear' | 'nearest' | 'cubic'>([
  ['linear', 'linear'],
  ['bilinear', 'linear'],
  ['nearest', 'nearest'],
  ['cubic', 'cubic'],
  ['bicubic', 'cubic'],
]);

function gridSample(making: Making): Mapped {
  const { node, pen } = making;
  const x = mapIn(making);
  const grid = anyMap(making, 1);
  if (grid.dims.length !== 4 || grid.dims[0] !== 1 || grid.dims[3] !== 2) refuse(`a grid of shape ${grid.dims.join('×')}`);
  const mode = modes.get(textOf(node, 'mode', 'linear')) ?? refuse(`the mode ${textOf(node, 'mode', '')}`);
  const outside = textOf(node, 'padding_mode', 'zeros');
  if (outside !== 'zeros' && outside !== 'border' && outside !== 'reflection') return refuse(`the padding_mode ${outside}`);
  const { shape, axes } = ordered(grid.dims, ['h', 'w', 'c']);
  const there = laidOut(pen, grid, shape, axes, `${grid.value}.points`);
  const attributes = { corners: intOf(node, 'align_corners', 0) !== 0, outside } as const;
  const flow = mode === 'linear' ? flowOf(pen, there) : null;
  const value = flow
    ? pen.emit('warp', nameOf(making), { x: x.value, flow }, { ...attributes, scaled: true })
    : pen.emit(
        'sample',
        nameOf(making),
        { x: x.value, grid: there.value },
        mode === 'linear' ? attributes : { ...attributes, mode },
      );
  return made(value, [1, x.shape.c, grid.dims[1], grid.dims[2]]);
}

/** Numbers of a file are float32's. */
const NEAR = 2e-6;

/** What is added to a grid that leaves every pixel where it is, from −1 to 1 with both ends: SFNet's flow. Null where the grid is another. */
function flowOf({ nodes, tensors }: Pen, { value, shape: { h, w } }: Mapped): string | null {
  const sum = nodes.find(({ name }) => name === value);
  const { other } = sum?.constants ?? {};
  const known = other?.kind === 'tensor' && tensors.get(other.name);
  if (sum?.op !== 'combine' || sum.attributes.operation !== 'add' || sum.attributes.fused.activation || !known) return null;
  if (known.shape.join() !== [2, h, w].join()) return null;
  const along = (at: number, size: number): number => (size > 1 ? (2 * at) / (size - 1) - 1 : -1);
  const still = toFloat32(known).every((place, n) => {
    const column = n % w;
    const row = Math.floor(n / w) % h;
    return Math.abs(place - (n < h * w ? along(column, w) : along(row, h))) <= NEAR;
  });
  return still ? sum.inputs.x : null;
}
