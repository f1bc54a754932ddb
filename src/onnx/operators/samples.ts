// Samples of a map at the points of a grid.
import { intOf, textOf } from '../call.ts';
import { channelsLast, type Mapped } from '../layout.ts';
import type { Making, Operator } from '../operator.ts';
import { laidOut } from '../pen.ts';
import { refuse } from '../refusal.ts';
import { anyMap, made, mapIn, nameOf } from './inputs.ts';

export const samples: Record<string, Operator> = { GridSample: gridSample };

function gridSample(making: Making): Mapped {
  const { node, pen } = making;
  const x = mapIn(making);
  const grid = anyMap(making, 1);
  if (grid.dims.length !== 4 || grid.dims[0] !== 1 || grid.dims[3] !== 2) refuse(`a grid of shape ${grid.dims.join('×')}`);
  const mode = textOf(node, 'mode', 'linear');
  if (mode !== 'bilinear' && mode !== 'linear') refuse(`the mode ${mode}`);
  const outside = textOf(node, 'padding_mode', 'zeros');
  if (outside !== 'zeros' && outside !== 'border' && outside !== 'reflection') return refuse(`the padding_mode ${outside}`);
  const { shape, axes } = channelsLast(grid.dims);
  const there = laidOut(pen, grid, shape, axes, `${grid.value}.points`);
  const attributes = { corners: intOf(node, 'align_corners', 0) !== 0, outside } as const;
  const value = pen.emit('sample', nameOf(making), { x: x.value, grid: there.value }, attributes);
  return made(value, [1, x.shape.c, grid.dims[1], grid.dims[2]]);
}
