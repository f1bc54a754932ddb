// `atrous/drawings`: what a model does, as pictures for pages and reports. SVG 1.1 with a light and a dark look; its one style element is all its style.
import { fieldsOfView } from './graph/fov.ts';
import { drawFields } from './plan/draw-fov.ts';
import type { Segmenter } from './segmenter.ts';

export { drawPlan } from './plan/draw.ts';

/**
 * How far each layer sees on the picture, how it comes to see so far, and where its rates leave holes, for the size that was used last; seconds of work
 * for large sizes. Throws `NOT_PREPARED` before the first.
 */
export function drawFieldsOfView(model: Pick<Segmenter, 'plan' | 'network'>): string {
  const [h, w] = model.plan.size;
  const graph = model.network.build({ h, w });
  return drawFields(graph, fieldsOfView(graph));
}
