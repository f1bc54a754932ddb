// What a body is, and the paper's.

/** Dilations of a row of blocks, a list a block: one branch a rate. */
export type Dilations = readonly (readonly number[])[];

/** Blocks of one resolution: the first strides (by 2 unless said), all have `channels` outputs but perhaps the last. */
export interface Stage {
  readonly name: string;
  readonly channels: number;
  readonly last?: number;
  readonly stride?: number;
  readonly dilations: Dilations;
}

export interface Body {
  /** Channels of a group of the 3×3 convolutions. */
  readonly groupWidth: number;
  /** Whether strided shortcuts average before they convolve: D blocks do, RegNet's Y blocks do not. */
  readonly pooled: boolean;
  readonly stages: readonly Stage[];
}

export const repeat = (n: number, rates: readonly number[]): Dilations => Array.from({ length: n }, () => rates);

/** The paper's body: 18 D blocks that differ in the dilations of the last thirteen alone. */
export function paper(dilations: Dilations): Body {
  return {
    groupWidth: 16,
    pooled: true,
    stages: [
      { name: 'stage4', channels: 48, dilations: [[1]] },
      { name: 'stage8', channels: 128, dilations: repeat(3, [1]) },
      { name: 'stage16', channels: 256, last: 320, dilations: [[1], ...dilations] },
    ],
  };
}

export const exp48: Dilations = [[1], [1, 2], ...repeat(4, [1, 4]), ...repeat(7, [1, 14])];
