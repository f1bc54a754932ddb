// Calls of the pen that networks beside RegSeg's own need.
import type { Constant } from './constant.ts';
import { type Decision, largest } from './decision.ts';
import type { Attributes, Op } from './graph.ts';

/** Adds a node, and gives the name of its value. */
export type Push = <K extends Op>(
  op: K,
  value: string,
  inputs: Record<string, string>,
  attributes: Attributes[K],
  constants?: Record<string, Constant>,
) => string;

export const furtherPen = {
  calls: (push: Push) => ({
    maxpool: (value: string, x: string) => push('maxpool', value, { x }, {}),
    adaptive: (value: string, x: string, bins: number) => push('adaptive', value, { x }, { bins }),
    warp: (value: string, x: string, flow: string) =>
      push('warp', value, { x, flow }, { corners: false, outside: 'zeros', scaled: false }),
    zoom: (value: string, x: string, attributes: Omit<Attributes['zoom'], 'classes' | keyof Decision>) =>
      push('zoom', value, { x }, { ...attributes, classes: false, ...largest }),
    /** Tensor `<value>.weight` (channels × 1 × kernel × kernel). */
    deconv: (value: string, x: string, channels: number, attributes: Omit<Attributes['deconv'], 'classes' | keyof Decision>) => {
      const { kernel } = attributes;
      const weight: Constant = { kind: 'tensor', name: `${value}.weight`, shape: [channels, 1, kernel, kernel] };
      return push('deconv', value, { x }, { ...attributes, classes: false, ...largest }, { weight });
    },
  }),
};
