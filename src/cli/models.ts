// What is known by name.
import { aliases, findNetwork, networks, parameters, published } from '../models/registry.ts';
import { table } from '../plan/print.ts';
import { type Command, noPositionals, shared, sharedHelp } from './command.ts';
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
    const rows = networks().map(name => {
      const parameterCount = parameters(findNetwork(name).build({ classes: 19, h: 32, w: 32 }));
      return { name, alias: names.get(name) ?? null, parameters: parameterCount };
    });
    for (const [name, { network, about }] of published) out.json({ name, network, weights: true, about });
    for (const row of rows) out.json({ ...row, weights: false });
    out.text('with weights\n');
    out.text(
      table(
        ['name', 'network', 'what'],
        [...published].map(([name, { network, about }]) => [name, network, about]),
      ),
    );
    out.text('\nnetworks (parameters for 19 classes)\n');
    out.text(
      table(
        ['name', 'also', 'parameters'],
        rows.map(({ name, alias, parameters: count }) => [name, alias ?? '', String(count)]),
      ),
    );
    return 0;
  },
};
