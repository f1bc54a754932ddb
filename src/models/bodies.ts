// Every body by its name: the paper's ablations, its larger network, and RegNet's.
import { type Body, type Dilations, exp48, paper, repeat } from './body.ts';

const upTo10: Dilations = [[1], [1, 2], [1, 4], [1, 6], [1, 8], [1, 10]];

export const bodies: Readonly<Record<string, Body>> = Object.fromEntries<Body>([
  ['exp30', paper([...repeat(5, [1, 4]), ...repeat(8, [1, 10])])],
  ['exp43', paper([...upTo10, ...repeat(7, [1, 12])])],
  ['exp46', paper([...upTo10.slice(0, 5), ...repeat(8, [1, 10])])],
  ['exp47', paper([...upTo10, [1, 12], ...repeat(6, [1, 14])])],
  ['exp48', paper(exp48)],
  ['exp49', paper([[1], [1, 2], ...repeat(6, [1, 4]), ...repeat(5, [1, 6, 12, 18])])],
  ['exp50', paper([...upTo10, ...repeat(7, [1, 3, 6, 12])])],
  ['exp51', paper([...upTo10, ...repeat(7, [1, 4, 8, 12])])],
  ['exp52', paper([...upTo10.slice(0, 3), ...repeat(10, [1, 6])])],
  [
    'exp53',
    {
      groupWidth: 24,
      pooled: true,
      stages: [
        { name: 'stage4', channels: 48, dilations: repeat(2, [1]) },
        { name: 'stage8', channels: 120, dilations: repeat(6, [1]) },
        { name: 'stage16', channels: 336, last: 384, dilations: [[1], ...exp48] },
      ],
    },
  ],
  [
    'regnety600mf',
    {
      groupWidth: 16,
      pooled: false,
      stages: [
        { name: 'stage4', channels: 48, dilations: [[1]] },
        { name: 'stage8', channels: 112, dilations: repeat(3, [1]) },
        { name: 'stage16', channels: 256, dilations: repeat(7, [1]) },
        // Kept at 1/16 by a stride of 1, and read as the features at 1/16.
        { name: 'stage32', channels: 608, stride: 1, dilations: [[1], ...repeat(3, [2])] },
      ],
    },
  ],
]);
