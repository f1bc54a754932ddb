// What is known by name.
import { dilatedNets } from '../models/dilatednet.ts';
import { checkpoints } from '../models/published.ts';
import { aliases, anySize, expectedTensors, findNetwork, networks, parameters, published } from '../models/registry.ts';
import { pulledFile, sizeOnDisk } from '../node/cache.ts';
import { table } from '../plan/print.ts';
import { count } from '../weights/tensor.ts';
import { type Command, noPositionals, shared, sharedHelp } from './command.ts';
import { megabytes } from './convert.ts';
import { output } from './output.ts';

export const models: Command = {
  usage: 'models',
  about: 'every network and every name with weights',
  help: { json: sharedHelp.json },
  options: { json: shared.json },
  async run(args) {
    noPositionals('models', args);
    const out = output(args.flag('json'));
    const names = new Map([...aliases].map(([alias, network]) => [network, alias]));
    const rows = [...networks(), ...dilatedNets.keys()].map(name => {
      const network = findNetwork(name);
      const { publishedClasses: classes, tile } = network;
      const parameterCount = parameters(network.build(anySize(network)));
      return { name, alias: names.get(name) ?? null, classes, tile, parameters: parameterCount };
    });
    const pulls = await Promise.all([...checkpoints.keys()].map(pullRow));
    for (const [name, { network, about }] of published) out.json({ name, network, weights: true, about });
    for (const row of pulls) out.json(row);
    for (const row of rows) out.json({ ...row, weights: false });
    out.text('with weights\n');
    out.block(
      table(
        ['name', 'network', 'what'],
        [...published].map(([name, { network, about }]) => [name, network, about]),
      ),
    );
    out.text('\nto be pulled: published by RegSeg’s author, not in the package\n');
    out.block(
      table(
        ['name', 'network', 'here', 'what'],
        pulls.map(({ name, network, weights, bytes, pull, about }) => [
          name,
          network,
          `${weights ? 'pulled' : pull} (${megabytes(bytes)})`,
          about,
        ]),
      ),
    );
    out.text('\nRegSeg (parameters for 19 classes)\n');
    out.block(
      table(
        ['name', 'also', 'parameters'],
        rows.filter(({ tile }) => !tile).map(row => [row.name, row.alias ?? '', String(row.parameters)]),
      ),
    );
    out.text('\nDilatedNet (parameters for as many classes as published)\n');
    const tiled = rows.flatMap(({ tile, ...row }) => (tile ? [{ ...row, ...tile }] : []));
    out.block(
      table(
        ['name', 'classes', 'reads', 'of which margin', 'parameters'],
        tiled.map(({ name, classes, height, width, margin, parameters: parameterCount }) =>
          [name, classes, `${height}x${width}`, margin, parameterCount].map(String),
        ),
      ),
    );
    return 0;
  },
};

/** `bytes` of the file in the cache, or of the tensors that it will hold. */
async function pullRow(name: string) {
  const { network, card, about, warning } = checkpoints.get(name)!;
  const size = await sizeOnDisk(pulledFile(name));
  const graph = findNetwork(network).build({ classes: card.classes.length, h: 32, w: 32 });
  const bytes = size ?? [...expectedTensors(graph).values()].reduce((sum, shape) => sum + 4 * count(shape), 0);
  return { name, network, weights: size !== null, bytes, pull: `atrous pull ${name}`, about, warning };
}
