// What this machine can do, and why not more; with a model, what it does with that.
import { type Audit, audit } from '../audit.ts';
import { describe } from '../errors.ts';
import { factsOf } from '../gpu/device.ts';
import { createEngine, destroyEngine } from '../gpu/executor.ts';
import { constantReader } from '../graph/constant.ts';
import type { LoadedWeights } from '../load.ts';
import { nodeDevice, shaderLibrary } from '../node/engine.ts';
import { findPackage } from '../node/software.ts';
import { precisionsOf, tuned } from '../plan/choose.ts';
import { toFloat32 } from '../weights/tensor.ts';
import { type Command, onePositional, shared, sharedHelp } from './command.ts';
import { output, percent } from './output.ts';
import { openWeights } from './weights.ts';

const PACKAGES = ['webgpu', 'sharp', '@sparticuz/chromium'] as const;

export const doctor: Command = {
  usage: 'doctor [MODEL] [-w WEIGHTS] [--adapter software|hardware|NAME]',
  about: "adapter, features, limits, software or not, packages; of a model its card's self-test in every precision",
  help: { json: sharedHelp.json, adapter: sharedHelp.adapter, weights: sharedHelp.weights, card: sharedHelp.card },
  options: { json: shared.json, adapter: shared.adapter, weights: shared.weights, card: shared.card },
  async run(args) {
    const asked = args.positionals.length > 0 || args.text('weights') !== undefined;
    const model = args.positionals.length > 0 ? onePositional('doctor', args, 'MODEL') : undefined;
    const weights = asked ? await openWeights(model, args) : null;
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
      Object.assign(report, { adapter: facts.name, software: facts.software, features: facts.features, limits: facts.limits });
      out.text(`adapter   ${facts.name}`);
      out.text(`software  ${facts.software ? 'yes: right, but slow; it proves results, not speed' : 'no'}`);
      out.text(`features  ${facts.features.join(', ')}`);
      out.text(`timing    ${facts.features.includes('timestamp-query') ? 'timestamps' : 'no timestamps: wall-clock times only'}`);
      out.text(
        `precision f32, half${facts.features.includes('shader-f16') ? ', f16' : ' (no shader-f16, so no f16)'}; auto = ${tuned[facts.id ?? '']?.precision ?? 'f32'}`,
      );
      for (const [limit, value] of Object.entries(facts.limits)) out.text(`limit     ${limit} ${value}`);
      if (note) out.text(`note      ${note}`);
      if (weights) {
        const found = await audits(device, weights);
        report.audits = found;
        if (found.length === 0) out.text(`self-test ${weights.network.canonical}: its card has none; convert writes one`);
        for (const { precision, agreement, least, passed } of found) {
          const verdict = passed ? 'passed' : 'failed: auto never takes it';
          out.text(`self-test ${precision}: ${percent(agreement)} of the classes equal, ${percent(least)} asked: ${verdict}`);
        }
      }
      device.destroy();
    } catch (error) {
      code = 1;
      report.problem = describe(error);
      out.text(`adapter   none: ${report.problem}`);
    }
    out.json(report);
    return code;
  },
};

/** The model's self-test in every precision of the device; none where its card has no such test. */
async function audits(device: GPUDevice, { network, tensors, card }: LoadedWeights): Promise<Audit[]> {
  const engine = createEngine(device, await shaderLibrary());
  const material = {
    engine,
    facts: factsOf(device),
    network,
    card,
    variants: 'auto',
    read: constantReader(tensors, toFloat32),
  } as const;
  try {
    const found: Audit[] = [];
    for (const precision of precisionsOf(material.facts.features)) {
      const one = await audit({ ...material, precision });
      if (one) found.push(one);
    }
    return found;
  } finally {
    destroyEngine(engine);
  }
}
