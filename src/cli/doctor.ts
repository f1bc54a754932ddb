// What this machine can do, and why not more.
import { describe } from '../errors.ts';
import { factsOf } from '../gpu/device.ts';
import { nodeDevice } from '../node/engine.ts';
import { findPackage } from '../node/software.ts';
import { type Command, noPositionals, shared, sharedHelp } from './command.ts';
import { output } from './output.ts';

const PACKAGES = ['webgpu', 'sharp', '@sparticuz/chromium'] as const;

export const doctor: Command = {
  usage: 'doctor [--adapter software|hardware|NAME]',
  about: 'adapter, features, limits, software or not, packages',
  help: { json: sharedHelp.json, adapter: sharedHelp.adapter },
  options: { json: shared.json, adapter: shared.adapter },
  async run(args) {
    noPositionals('doctor', args);
    const out = output(args.flag('json'));
    const packages = Object.fromEntries(
      await Promise.all(PACKAGES.map(async name => [name, (await findPackage(name))?.version ?? null] as const)),
    );
    const report: Record<string, unknown> = { node: process.version, platform: `${process.platform}-${process.arch}`, packages };
    out.text(`node      ${process.version} on ${report.platform}`);
    for (const name of PACKAGES) out.text(`package   ${name} ${packages[name] ?? `missing: npm i ${name}`}`);
    const drivers = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].filter(name => process.env[name]);
    for (const name of drivers) out.text(`drivers   ${name}=${process.env[name]}`);
    let code = 0;
    try {
      const { device, note } = await nodeDevice({ adapter: args.text('adapter') });
      const facts = factsOf(device);
      device.destroy();
      Object.assign(report, { adapter: facts.name, software: facts.software, features: facts.features, limits: facts.limits });
      out.text(`adapter   ${facts.name}`);
      out.text(`software  ${facts.software ? 'yes: right, but slow; it proves results, not speed' : 'no'}`);
      out.text(`features  ${facts.features.join(', ')}`);
      out.text(`timing    ${facts.features.includes('timestamp-query') ? 'timestamps' : 'no timestamps: wall-clock times only'}`);
      out.text(`precision f32, half${facts.features.includes('shader-f16') ? ', f16' : ' (no shader-f16, so no f16)'}; auto = f32`);
      for (const [limit, value] of Object.entries(facts.limits)) out.text(`limit     ${limit} ${value}`);
      if (note) out.text(`note      ${note}`);
    } catch (error) {
      code = 1;
      report.problem = describe(error);
      out.text(`adapter   none: ${report.problem}`);
    }
    out.json(report);
    return code;
  },
};
