// The page: a model in a worker, a scene, and what the reader does with them. Everything it knows of segmentation comes from the published front doors.
import { type Colour, cache, type Progress, type SegmentResult, type Support, support } from 'atrous';
import { load, type RemoteSegmenter } from 'atrous/worker';
import card from '../weights/regseg-camvid.card.json' with { type: 'json' };
import { benchTab } from './bench.ts';
import { browserTab, explain } from './ladder.ts';
import { choose, legend, showShares } from './legend.ts';
import { badges, button, make, notice, numbers, tell, tellError, the } from './page.ts';
import { addressOf, params, remember, sizeOf } from './params.ts';
import { planTab } from './plan.ts';
import { camera, drawnStreet, photo, type Scene, sample, videoOf } from './scenes.ts';
import { tabs } from './tabs.ts';
import { timing } from './timing.ts';
import { drawOptions, sharesText } from './view.ts';

const BUILT_IN = 'regseg-camvid';
const ABOUT = '11 classes of a street, 6.9 MB, mIoU 0.56 on CamVid’s test pictures';
/** Inside the network, on a CPU that stands in for a GPU. */
const SMALL = '120x160';

let found: Support;
let model: RemoteSegmenter | null = null;
let scene: Scene = sample();
let result: SegmentResult | null = null;
/** Where the model's weights came from. */
let from = '';
let paused = matchMedia('(prefers-reduced-motion: reduce)').matches;
/** What is under way ends when another begins. */
let run = new AbortController();

const more = tabs({
  plan: () => planTab(model),
  bench: () => benchTab(found, model, sizeOf(the('size').value)),
  browser: () => browserTab(found),
});

async function start(): Promise<void> {
  listen();
  // Its place is taken before it comes.
  legend(card.classes, card.palette as unknown as readonly Colour[], redraw);
  the('model').textContent = `${BUILT_IN}: ${ABOUT}`;
  numbers({});
  // The worker sends pictures back to such a canvas, so that the next model's worker can, too.
  the('result').getContext('2d');
  tell('looking for a graphics adapter …');
  found = await support();
  more.refresh();
  if (!found.ok) return explain(found);
  const asked = params.get('size') ?? '';
  if (sizeOf(asked)) addSize(asked);
  if (found.software && !asked) the('size').value = SMALL;
  await loadModel(params.get('model') ?? BUILT_IN);
  await openSource(params.get('src') ?? 'still');
}

async function openModel(source: string | File): Promise<void> {
  if (await loadModel(source)) await show(scene);
}

/** By name, by an address of this host, or a file; false where the model stays what it was. */
async function loadModel(source: string | File): Promise<boolean> {
  const address = typeof source === 'string' && source !== BUILT_IN ? addressOf(source) : undefined;
  if (address && address.origin !== location.origin) {
    ask(address, () => void openModel(source));
    return false;
  }
  const previous = model;
  const name = typeof source === 'string' ? source : source.name;
  stop();
  try {
    let came = source instanceof File ? 'a file' : await whence(address?.href ?? name);
    tell(`${name}: starting its worker …`);
    const loaded = await load(address ?? source, {
      precision: the('precision').value as 'auto',
      onProgress: progress => {
        // What is kept comes in one piece.
        if (progress.phase === 'download' && progress.done < progress.total && came === 'cache') came = 'network';
        tell(`${name}: ${phase(progress)}`);
      },
    });
    model = loaded;
    from = came;
    await previous?.dispose();
  } catch (error) {
    tellError(source instanceof File ? new Error(`${name} does not run here: ${(error as Error).message}`) : error);
    if (model) await show(scene, false);
    return false;
  }
  the('model').textContent =
    name === BUILT_IN
      ? `${name}: ${ABOUT}`
      : `${name}: ${counted(model.labels.length)}${model.assumed ? `; ${model.assumed}` : ''}`;
  showBadges(model.precision);
  the('remove').hidden = name === BUILT_IN;
  remember({ model: name === BUILT_IN || source instanceof File ? '' : name });
  legend(model.labels, model.palette, redraw);
  return true;
}

/** `cache` where a name or an address lies there whole. */
async function whence(name: string): Promise<string> {
  const kept = await cache.list();
  return kept.some(file => file.complete && (file.name === name || file.url === name)) ? 'cache' : 'network';
}

function showBadges(precision: string): void {
  badges([
    ...(found.software
      ? [
          {
            text: 'CPU: slow',
            title: `${found.adapter} computes on the processor, right but slowly: choose a small size`,
            warn: true,
          },
        ]
      : []),
    { text: precision, title: 'what maps are stored in' },
    { text: `weights: ${from}`, title: `the weights came from ${from === 'a file' ? from : `the ${from}`}` },
  ]);
}

/** `still`, `street`, `camera`, or the address of a picture or a video. */
async function openSource(name: string): Promise<void> {
  const address = addressOf(name);
  if (address && address.origin !== location.origin) return ask(address, () => void fetchSource(address));
  if (address) return fetchSource(address);
  const known: Readonly<Record<string, () => Scene | Promise<Scene>>> = { still: sample, street: drawnStreet, camera };
  await change(known[name] ?? sample, name in known ? name : '');
}

async function fetchSource(address: URL): Promise<void> {
  await change(async () => {
    tell(`fetching ${address.href} …`);
    const response = await fetch(address).catch(() => null);
    if (!response?.ok)
      throw new Error(
        `${address.href} can’t be fetched: ${response ? `the server answers ${response.status}` : 'the connection failed, or the page’s policy or the host forbids it'}`,
      );
    const type = response.headers.get('content-type') ?? '';
    return type.startsWith('video/') ? videoOf(address) : photo(await response.blob());
  }, params.get('src') ?? '');
}

async function openFile(file: File): Promise<void> {
  if (file.type.startsWith('image/')) return change(() => photo(file), '');
  if (file.type.startsWith('video/')) return change(() => videoOf(file), '');
  return openModel(file);
}

/** Files and models of other hosts wait for a click that names the host. */
function ask(address: URL, go: () => void): void {
  const yes = button(`Load from ${address.host}`, () => {
    notice(null);
    go();
  });
  notice([`This link wants ${address.href}, which lies on another host.`], yes);
}

async function change(open: () => Scene | Promise<Scene>, name: string): Promise<void> {
  stop();
  try {
    scene.close();
    scene = await open();
    remember({ src: name === 'still' ? '' : name });
  } catch (error) {
    tellError(error);
    scene = sample();
    return show(scene, false);
  }
  await show(scene);
}

function stop(): void {
  run.abort();
  run = new AbortController();
  the('hover').hidden = true;
}

/** Shows a scene and segments it; `ready` says so when it is done. */
async function show(shown: Scene, ready = true): Promise<void> {
  stop();
  const { signal } = run;
  for (const id of ['still', 'before', 'video'] as const) the(id).hidden = the(id) !== shown.picture;
  the('frame').style.setProperty('--ratio', String(shown.width / shown.height));
  for (const item of the('sources').querySelectorAll('button')) item.ariaPressed = String(item.dataset.source === shown.kind);
  the('still-after').hidden = shown.kind !== 'still' || model !== null;
  the('pause').disabled = shown.advance === undefined && shown.picture !== the('video');
  if (!model) return;
  try {
    if (shown.picture instanceof HTMLVideoElement) await watch(model, shown.picture, signal);
    else if (shown.advance) await drive(model, shown, signal);
    else await look(model, shown, signal);
    if (ready && !signal.aborted) tellReady();
  } catch (error) {
    if (!signal.aborted) tellError(error);
  }
}

function tellReady(): void {
  tell(`ready on ${found.adapter}`);
}

/** One picture, with probabilities for the pointer. */
async function look(model: RemoteSegmenter, { picture }: Scene, signal: AbortSignal): Promise<void> {
  const segmented = await model.segment(picture as HTMLCanvasElement, {
    ...asked(),
    scores: true,
    signal,
    onProgress: progress => tell(phase(progress)),
  });
  await present(segmented, signal);
  more.refresh();
  numbers({ 'ms, median': segmented.info.ms.toFixed(0), ...about(segmented) });
}

/** A drawn street, whose truth is known. */
async function drive(model: RemoteSegmenter, { picture, advance }: Scene, signal: AbortSignal): Promise<void> {
  const pace = timing();
  let last = performance.now();
  let first = true;
  while (!signal.aborted) {
    await new Promise(requestAnimationFrame);
    if (signal.aborted) break;
    const now = performance.now();
    if (paused && !first) {
      last = now;
      continue;
    }
    const truth = advance!(first ? 0 : (now - last) / 1000);
    last = now;
    const segmented = await model.segment(picture as HTMLCanvasElement, {
      ...asked(),
      signal,
      onProgress: progress => tell(phase(progress)),
    });
    await present(segmented, signal);
    // The first has waited for the compiler.
    if (!first) pace.add(performance.now() - now);
    if (first) {
      more.refresh();
      tellReady();
    }
    first = false;
    numbers({
      ...paceOf(pace.numbers()),
      accuracy: `${(100 * agreement(segmented.classes, truth)).toFixed(1)} %`,
      ...about(segmented),
    });
  }
}

/** A video or a camera, by the model's own stream. */
async function watch(model: RemoteSegmenter, video: HTMLVideoElement, signal: AbortSignal): Promise<void> {
  let told = 0;
  const live = model.stream(video, the('result'), {
    ...drawOptions(model.labels, model.palette),
    ...asked(),
    onResult: shown => {
      accept(shown);
      if (told++ === 0) {
        more.refresh();
        tellReady();
      }
      numbers({ ...paceOf(live.stats), ...about(shown), dropped: String(live.stats.dropped) });
    },
    onError: tellError,
  });
  signal.addEventListener('abort', () => live.stop());
  await live.finished;
}

async function present(segmented: SegmentResult, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await segmented.draw(the('result'), drawOptions(segmented.labels, segmented.palette));
  accept(segmented);
}

const counted = (classes: number): string => (classes === 1 ? 'one class' : `${classes} classes`);

/** What a result says beside its picture. */
function accept(segmented: SegmentResult): void {
  result = segmented;
  the('result').hidden = false;
  the('still-after').hidden = true;
  const shares = segmented.shares();
  showShares(shares);
  the('summary').textContent = sharesText(shares);
  showBadges(segmented.info.precision);
}

/** The view has changed. */
function redraw(): void {
  if (!model) return;
  if (scene.picture instanceof HTMLVideoElement || !result) return void show(scene);
  result.draw(the('result'), drawOptions(model.labels, model.palette)).catch(tellError);
}

const asked = (): { size?: { height: number; width: number } } => {
  const size = sizeOf(the('size').value);
  return size ? { size } : {};
};

function about({ info }: SegmentResult): Parameters<typeof numbers>[0] {
  return {
    network: `${info.height}×${info.width}`,
    copy: info.copy,
    dispatches: String(model!.plan.steps.length),
  };
}

function paceOf(pace: { fps: number; p50: number | null; p95: number | null } | null): Parameters<typeof numbers>[0] {
  const whole = (ms: number | null): string => ms?.toFixed(0) ?? '–';
  return pace ? { 'frames a second': pace.fps.toFixed(1), 'ms, median': whole(pace.p50), 'ms, 95 %': whole(pace.p95) } : {};
}

function phase({ phase, done, total }: Progress): string {
  if (phase === 'compile') return `compiling ${done} of ${total} pipelines …`;
  if (phase === 'tile') return `tile ${done} of ${total} …`;
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return total ? `downloading ${megabytes(done)} of ${megabytes(total)} MB …` : `downloading ${megabytes(done)} MB …`;
}

function agreement(classes: Uint8Array, truth: Uint8Array): number {
  let equal = 0;
  for (let i = 0; i < truth.length; i++) if (classes[i] === truth[i]) equal++;
  return equal / truth.length;
}

function addSize(text: string): void {
  const list = the('size');
  if (![...list.options].some(({ value }) => value === text)) list.add(new Option(text.replace('x', '×'), text));
  list.value = text;
}

function setPaused(to: boolean): void {
  paused = to;
  the('pause').ariaPressed = String(paused);
  if (scene.picture !== the('video')) return;
  if (paused) the('video').pause();
  else the('video').play().catch(tellError);
}

async function save(): Promise<void> {
  if (!result) return;
  const blob = await new Promise<Blob | null>(resolve => the('result').toBlob(resolve));
  const link = make('a', { href: URL.createObjectURL(blob!), download: 'atrous.png' });
  link.click();
  URL.revokeObjectURL(link.href);
}

function fullScreen(): void {
  const asked = document.fullscreenElement ? document.exitFullscreen() : the('stage').requestFullscreen();
  asked.catch(() => tell('this browser gives pages no full screen'));
}

function help(): void {
  the('keys').hidden = !the('keys').hidden;
  the('help').ariaExpanded = String(!the('keys').hidden);
}

/** Class and probability under the pointer. */
function point(event: PointerEvent): void {
  const box = the('frame').getBoundingClientRect();
  const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  const seen = result && !the('result').hidden && x >= 0 && x < 1 && y >= 0 && y < 1;
  the('hover').hidden = !seen;
  if (!seen) return;
  const { label, probability } = result!.at(Math.floor(x * result!.width), Math.floor(y * result!.height));
  the('hover').textContent = probability === undefined ? label : `${label} ${Math.round(100 * probability)} %`;
  the('hover').style.left = `${100 * Math.min(0.85, Math.max(0.15, x))}%`;
  the('hover').style.top = `${100 * Math.max(0.15, y)}%`;
}

const keys: Readonly<Record<string, () => void>> = {
  ' ': () => the('pause').disabled || setPaused(!paused),
  s: () => void save().catch(tellError),
  f: fullScreen,
  '?': help,
  '0': () => choose(-1),
  o: () => {
    const next = { 0: 30, 30: 60, 60: 100 }[Number(the('opacity').value)] ?? 0;
    the('opacity').value = String(next);
    redraw();
  },
};

function listen(): void {
  const split = (): void => the('picture').style.setProperty('--split', `${the('split').value}%`);
  the('split').addEventListener('input', split);
  split();
  the('pause').ariaPressed = String(paused);
  the('pause').addEventListener('click', () => setPaused(!paused));
  the('snapshot').addEventListener('click', () => void save().catch(tellError));
  the('full').addEventListener('click', fullScreen);
  the('help').addEventListener('click', help);
  for (const id of ['opacity', 'outlines', 'background', 'colour'] as const)
    the(id).addEventListener('input', () => {
      the('colour-label').hidden = the('background').value !== 'colour';
      redraw();
    });
  the('palette').addEventListener('input', () => {
    if (model) legend(model.labels, model.palette, redraw);
    if (result) showShares(result.shares());
    redraw();
  });
  the('size').addEventListener('change', () => {
    remember({ size: the('size').value });
    void show(scene);
  });
  let current: string | File = params.get('model') ?? BUILT_IN;
  const open = (source: string | File): Promise<void> => {
    notice(null);
    return openModel((current = source));
  };
  the('precision').addEventListener('change', () => void open(current));
  the('remove').addEventListener('click', () => void open(BUILT_IN));
  the('sources').addEventListener('click', event => {
    const source = (event.target as HTMLElement).dataset.source;
    if (source) notice(null);
    const accept = { video: 'video/*', photo: 'image/*', network: '.onnx,.safetensors,.pth,.pt,.caffemodel' }[source ?? ''];
    if (accept) {
      the('file').accept = accept;
      the('file').value = '';
      the('file').click();
    } else if (source) void openSource(source);
  });
  const take = (file: File | undefined): void => {
    if (!file) return;
    notice(null);
    if (!/^(image|video)\//.test(file.type)) current = file;
    void openFile(file);
  };
  the('file').addEventListener('change', () => take(the('file').files?.[0]));
  addEventListener('paste', event => take(event.clipboardData?.files[0]));
  addEventListener('dragover', event => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  for (const end of ['dragleave', 'drop'] as const) addEventListener(end, () => document.body.classList.remove('dropping'));
  addEventListener('drop', event => {
    event.preventDefault();
    take(event.dataTransfer?.files[0]);
  });
  the('picture').addEventListener('pointermove', point);
  the('picture').addEventListener('pointerleave', () => {
    the('hover').hidden = true;
  });
  addEventListener('keydown', event => {
    const at = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return;
    if (event.key === ' ' && at.tagName === 'BUTTON') return;
    const act = /^[1-9]$/.test(event.key) ? () => choose(Number(event.key) - 1) : keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

start().catch(tellError);
