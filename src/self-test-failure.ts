// What is said of an adapter that gives wrong classes.
import type { Audit } from './audit.ts';
import { AtrousError } from './errors.ts';
import type { Material } from './pipeline.ts';
import type { Plan } from './plan/plan.ts';

export function failure({ agreement, least, precision, worst }: Audit, plan: Plan, material: Material): AtrousError {
  const { card, facts, network } = material;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const { pixel, frame } = worst;
  const place = pixel && `(${pixel.at % plan.size[1]}, ${Math.floor(pixel.at / plan.size[1])})`;
  const differs = pixel ? `; ${place} is "${card.classes[pixel.found] ?? pixel.found}", not "${card.classes[pixel.expected]}"` : '';
  const next = 'update the driver or browser, unless the card is of other weights; selfTest: false goes on';
  return new AtrousError(
    'BAD_ADAPTER',
    `${facts.name.slice(0, 50)} fails ${network.name}'s self-test in ${precision}: ${percent(agreement)} of the classes right in frame ${frame}, ${percent(least)} asked${differs}: ${next}`,
  );
}
