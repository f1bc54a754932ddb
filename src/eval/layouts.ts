// Where published data sets keep pictures and labels, and what their label files mean. Folders are reached through a `Tree`, so
// that nothing here touches a file system.

import { AtrousError, describe } from '../errors.ts';
import { decodeLabels } from '../image/png.ts';
import { cityscapes } from '../models/palettes.ts';
import { quote } from '../weights/tensor.ts';
import { type DataClass, IGNORE } from './classes.ts';
import { camvidOrders } from './orders.ts';
import { type Colours, classesOf, countedValues, declareValues, type Values } from './values.ts';

/** A folder and what is below it; paths are relative to it, with `/`. */
export interface Tree {
  /** How the folder is called in messages. */
  readonly root: string;
  /** Names in a folder, sorted, hidden ones left out, folders with a `/` at the end. Null where there is no such folder. */
  list(folder: string): Promise<readonly string[] | null>;
  /** Throws `NO_FILE`. */
  read(file: string): Promise<Uint8Array>;
  /** RGBA, rows from the top; `check` as in `readLabels`. Throws `NO_FILE` or `BAD_IMAGE`. */
  readColours(
    file: string,
    check?: CheckSize,
  ): Promise<{ readonly data: Uint8ClampedArray | Uint8Array; readonly width: number; readonly height: number }>;
}

/** Sees the size that a file's header tells before any memory of that size is taken, and may throw. */
export type CheckSize = (size: { readonly width: number; readonly height: number }) => void;

export interface Sample {
  /** The picture's path, and the sample's name. */
  readonly picture: string;
  /** Path of its label file; null where there is none. */
  readonly label: string | null;
  /** The label file that belongs to the picture, there or not. */
  readonly expected: string;
  /** Which of the data set's forms the label file is of. */
  readonly form: number;
}

/** One of the ways in which a data set's label files tell classes. */
export interface Form {
  /** What the files hold, in words. */
  readonly name: string;
  /** In classes of the data; null: in the model's own. */
  readonly table: Values | Colours | null;
}

export interface DataSet {
  /** Null: all that is there. */
  readonly split: string | null;
  readonly samples: readonly Sample[];
  /** Classes of the labels; null: the values are the model's own classes. */
  readonly classes: readonly DataClass[] | null;
  /** Several where label files of several kinds lie side by side. */
  readonly forms: readonly Form[];
  /** Folders of which every picture is taken. */
  readonly folders: readonly string[];
}

export interface Layout {
  /** What must lie where, in one line. */
  readonly about: string;
  /** The data set, or the words that say what is missing. Without a split, the one that is usually evaluated. */
  find(tree: Tree, split: string | undefined): Promise<DataSet | string>;
}

/** Class numbers of the data, h×w; 255 for pixels that do not count. */
export interface Labels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Pixels of colours that the data set does not know; they do not count. */
  readonly unknown: number;
}

/** Above this share of unknown colours a label file is taken for damaged (resampled, or saved as JPEG on its way). */
const UNKNOWN_LIMIT = 0.01;
const picture = /\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif)$/i;
const named = (names: readonly string[]): DataClass[] => names.map(name => ({ name }));

/** What index files of CamVid's 11 classes store where there is none. */
export const CAMVID_VOID = 11;

/**
 * CamVid's 32 colours (the release's label_colors.txt), under the 11 classes that SegNet (Badrinarayanan, Kendall, Cipolla 2015)
 * merges them to; the groups are those of MathWorks' SegNet example, which gives them colour by colour.
 */
const camvid32 = parseGroups(`
  sky         Sky 128,128,128
  building    Archway 192,0,128 Bridge 0,128,64 Building 128,0,0 Tunnel 64,0,64 Wall 64,192,0
  pole        Column_Pole 192,192,128 TrafficCone 0,0,64
  road        Road 128,64,128 LaneMkgsDriv 128,0,192 LaneMkgsNonDriv 192,0,64
  pavement    Sidewalk 0,0,192 ParkingBlock 64,192,128 RoadShoulder 128,128,192
  tree        Tree 128,128,0 VegetationMisc 192,192,0
  sign        SignSymbol 192,128,128 Misc_Text 128,128,64 TrafficLight 0,64,64
  fence       Fence 64,64,128
  car         Car 64,0,128 SUVPickupTruck 64,128,192 Truck_Bus 192,128,192 Train 192,64,128 OtherMoving 128,64,64
  pedestrian  Pedestrian 64,64,0 Child 192,128,64 CartLuggagePram 64,0,192 Animal 64,128,64
  bicyclist   Bicyclist 0,128,192 MotorcycleScooter 192,0,192
  void        Void 0,0,0
`);

/** PASCAL VOC's 21. */
const vocNames = (
  'background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep ' +
  'sofa train tvmonitor'
).split(' ');

/** Cityscapes' label id of each train id (the table of its scripts): what gtFine stores and the test server wants. */
export const cityscapesIds: readonly number[] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
/** Label ids of things that are no class of the evaluation: ego vehicle, parking, tunnel … */
const cityscapesVoids = [0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30];

/** Where CamVid's pictures and labels lie in its several releases, and what an index file of that release counts by. */
const camvidForms = [
  { pictures: 'SPLIT', labels: 'SPLIT_labels', order: camvidOrders.official },
  { pictures: 'SPLIT', labels: 'SPLITannot', order: camvidOrders.segnet },
  { pictures: '701_StillsRaw_full', labels: 'LabeledApproved_full', order: camvidOrders.official },
  { pictures: 'images', labels: 'labels', order: camvidOrders.segnet },
] as const;

/** In the order in which a folder is tried when no layout is named. */
export const layouts: ReadonlyMap<string, Layout> = new Map<string, Layout>([
  [
    'cityscapes',
    {
      about: 'leftImg8bit/val/<city>/*_leftImg8bit.png, gtFine/val/<city>/*_gtFine_labelTrainIds.png or *_gtFine_labelIds.png',
      find: findCityscapes,
    },
  ],
  ['voc', { about: 'JPEGImages/*.jpg, SegmentationClass/*.png, ImageSets/Segmentation/val.txt', find: findVoc }],
  ['pairs', { about: "images/*, labels/*.png of the same names, grey or palette, values = the model's classes", find: findPairs }],
  [
    'camvid',
    {
      about:
        'test/*.png with test_labels/*_L.png or with testannot/*.png (SegNet’s 11); ' +
        '701_StillsRaw_full/ with LabeledApproved_full/; images/ with labels/ (SegNet’s 11)',
      find: findCamvid,
    },
  ],
]);

/**
 * The data set below a folder. Without a layout's name the first that fits. Throws `BAD_USAGE` for an unknown name or a folder that
 * is laid out otherwise; `NO_FILE` where the folder is missing or empty, or, if `needLabels`, no picture has a label.
 */
export async function findData(
  tree: Tree,
  wanted: { readonly layout?: string; readonly split?: string; readonly needLabels: boolean },
): Promise<DataSet & { readonly layout: string }> {
  if ((await tree.list('')) === null)
    throw new AtrousError('NO_FILE', `--data ${tree.root}: there is no such folder; check the path`);
  if (wanted.layout !== undefined && !layouts.has(wanted.layout))
    throw new AtrousError('BAD_USAGE', `--layout ${wanted.layout}: allowed are ${[...layouts.keys()].join(', ')}`);
  const reasons: string[] = [];
  for (const [layout, { find, about }] of layouts) {
    if (wanted.layout !== undefined && wanted.layout !== layout) continue;
    const found = await find(tree, wanted.split);
    if (typeof found === 'string') {
      reasons.push(wanted.layout === undefined ? `${layout}: ${found}` : `${found}; ${layout} is ${about}`);
      continue;
    }
    const { samples } = found;
    if (samples.length === 0) throw new AtrousError('NO_FILE', `--data ${tree.root} holds no picture; ${layout} is ${about}`);
    if (wanted.needLabels && samples.every(({ label }) => label === null)) {
      const [{ picture: file, expected }] = samples;
      throw new AtrousError(
        'NO_FILE',
        `--data ${tree.root}: none of its ${samples.length} pictures has a label: ${file} would have ${expected}; add the labels`,
      );
    }
    return { ...found, layout };
  }
  if (wanted.layout === undefined) {
    reasons.push('--layout NAME tells what must lie where');
  } else {
    const others = await fitting(tree);
    if (others.length > 0) reasons.push(`it looks like --layout ${others.join(' or ')}`);
  }
  throw new AtrousError('BAD_USAGE', `--data ${tree.root} is laid out otherwise: ${reasons.join('; ')}`);
}

async function fitting(tree: Tree): Promise<string[]> {
  const names: string[] = [];
  for (const [name, { find }] of layouts) if (typeof (await find(tree, undefined).catch(describe)) !== 'string') names.push(name);
  return names;
}

/**
 * A sample's labels in the classes of `table`, which is its form's or what became of that. Throws `NO_FILE` for one without, `BAD_IMAGE` for a file that
 * can't be decoded or has values or colours of no class.
 */
export async function readLabels(tree: Tree, sample: Sample, table: Values | Colours, check?: CheckSize): Promise<Labels> {
  if (sample.label === null)
    throw new AtrousError('NO_FILE', `${tree.root}/${sample.picture} has no label: ${sample.expected} is missing; add it`);
  if (table instanceof Int16Array) {
    const file = `${tree.root}/${sample.label}`;
    const { data, width, height } = await decodeLabels(await tree.read(sample.label), file, check);
    return { data: classesOf(data, table, file), width, height, unknown: 0 };
  }
  const { data: rgba, width, height } = await tree.readColours(sample.label, check);
  const data = new Uint8Array(width * height).fill(IGNORE);
  let unknown = 0;
  let first = 0;
  for (let pixel = 0; pixel < data.length; pixel++) {
    const colour = (rgba[pixel * 4] << 16) | (rgba[pixel * 4 + 1] << 8) | rgba[pixel * 4 + 2];
    const found = table.get(colour);
    if (found !== undefined) data[pixel] = found;
    else if (unknown++ === 0) first = pixel;
  }
  if (unknown > UNKNOWN_LIMIT * data.length) {
    const place = `column ${first % width} of row ${Math.floor(first / width)}`;
    const colour = rgba.subarray(first * 4, first * 4 + 3);
    throw new AtrousError(
      'BAD_IMAGE',
      `${tree.root}/${sample.label}: ${unknown} of ${data.length} pixels have colours of no class, ` +
        `such as ${colour} in ${place}; give the labels as published, or their colours in class_dict.csv`,
    );
  }
  return { data, width, height, unknown };
}

/** Every picture of a folder with the first of its possible label files that is there. */
async function pairUp(tree: Tree, pictures: string, labels: string, names: (base: string) => readonly string[]): Promise<Sample[]> {
  const there = new Set(await tree.list(labels));
  return ((await tree.list(pictures)) ?? [])
    .filter(file => picture.test(file))
    .map(file => {
      const candidates = names(file.replace(/\.[^.]*$/, ''));
      const name = candidates.find(candidate => there.has(candidate));
      return {
        picture: `${pictures}/${file}`,
        label: name === undefined ? null : `${labels}/${name}`,
        expected: `${labels}/${candidates[0]}`,
        form: 0,
      };
    });
}

/** The folders that are missing, as a sentence, or null. */
async function missing(tree: Tree, ...folders: string[]): Promise<string | null> {
  const lists = await Promise.all(folders.map(folder => tree.list(folder)));
  const absent = folders.filter((_, index) => lists[index] === null);
  return absent.length === 0 ? null : `there is no ${absent.map(folder => `${folder}/`).join(' and no ')}`;
}

async function findPairs(tree: Tree, split: string | undefined): Promise<DataSet | string> {
  if (split !== undefined) return `it has no splits, and --split is ${split}`;
  const problem = await missing(tree, 'images', 'labels');
  if (problem) return problem;
  const samples = await pairUp(tree, 'images', 'labels', base => [`${base}.png`]);
  return { split: null, samples, classes: null, forms: [{ name: 'class numbers', table: null }], folders: ['images'] };
}

async function findVoc(tree: Tree, split = 'val'): Promise<DataSet | string> {
  const list = `ImageSets/Segmentation/${split}.txt`;
  const problem = await missing(tree, 'JPEGImages', 'SegmentationClass', 'ImageSets/Segmentation');
  if (problem) return problem;
  if (!(await tree.list('ImageSets/Segmentation'))!.includes(`${split}.txt`)) return `there is no ${list}`;
  const ids = new TextDecoder()
    .decode(await tree.read(list))
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
  const labels = new Set(await tree.list('SegmentationClass'));
  const samples = ids.map(id => ({
    picture: `JPEGImages/${id}.jpg`,
    label: labels.has(`${id}.png`) ? `SegmentationClass/${id}.png` : null,
    expected: `SegmentationClass/${id}.png`,
    form: 0,
  }));
  return {
    split,
    samples,
    classes: named(vocNames),
    forms: [{ name: 'class numbers', table: countedValues(vocNames.length) }],
    folders: [],
  };
}

async function findCityscapes(tree: Tree, split = 'val'): Promise<DataSet | string> {
  const problem = await missing(tree, `leftImg8bit/${split}`);
  if (problem) return problem;
  const cities = (await tree.list(`leftImg8bit/${split}`))!.filter(name => name.endsWith('/')).map(name => name.slice(0, -1));
  // Train ids are made by Cityscapes' scripts and may be missing, of some pictures or all; label ids are in the download.
  const kinds = ['labelTrainIds', 'labelIds'];
  const found = cities.map(city =>
    pairUp(tree, `leftImg8bit/${split}/${city}`, `gtFine/${split}/${city}`, base =>
      kinds.map(kind => `${base.replace(/_leftImg8bit$/, '')}_gtFine_${kind}.png`),
    ),
  );
  const samples = (await Promise.all(found)).flat();
  const forms: Form[] = [
    { name: 'train ids', table: countedValues(cityscapes.labels.length) },
    { name: 'label ids', table: declareValues(cityscapesIds, cityscapesVoids) },
  ];
  const formOf = ({ label }: Sample): number => kinds.findIndex(kind => label?.endsWith(`_${kind}.png`));
  const used = [0, 1].filter(form => samples.some(sample => formOf(sample) === form));
  return {
    split,
    samples: samples.map(sample => ({
      ...sample,
      expected: used.includes(0) ? sample.expected : sample.expected.replace(...(kinds as [string, string])),
      form: Math.max(0, used.indexOf(formOf(sample))),
    })),
    classes: named(cityscapes.labels),
    folders: cities.map(city => `leftImg8bit/${split}/${city}`),
    forms: used.length === 0 ? forms.slice(1) : used.map(form => forms[form]),
  };
}

async function findCamvid(tree: Tree, split: string | undefined): Promise<DataSet | string> {
  for (const { pictures, labels, order } of camvidForms) {
    const whole = !pictures.includes('SPLIT');
    if (whole && split !== undefined) continue;
    const folders = [pictures, labels].map(folder => folder.replace('SPLIT', split ?? 'test'));
    if (await missing(tree, ...folders)) continue;
    const samples = await pairUp(tree, folders[0], folders[1], base => [`${base}_L.png`, `${base}.png`]);
    const table = (await tree.list(''))!.includes('class_dict.csv')
      ? parseClassDict(new TextDecoder().decode(await tree.read('class_dict.csv')), `${tree.root}/class_dict.csv`)
      : camvid32;
    const colours = new Map(table.map(({ colour }, index) => [colour, index]));
    const first = samples.find(({ label }) => label !== null)?.label;
    const form = { split: whole ? null : (split ?? 'test'), samples, folders: [folders[0]] };
    if (first && (await isColoured(tree, first, colours)))
      return { ...form, classes: table, forms: [{ name: 'colours', table: colours }] };
    const values = countedValues(order.length, [CAMVID_VOID]);
    return { ...form, classes: named(order), forms: [{ name: 'class numbers', table: values }] };
  }
  const wanted = split ?? 'test';
  return `there is no ${wanted}/ with ${wanted}_labels/ or ${wanted}annot/`;
}

/** Whether a label file tells classes by colour. One with a palette does when all colours that it uses are classes'. */
async function isColoured(tree: Tree, file: string, colours: ReadonlyMap<number, number>): Promise<boolean> {
  const bytes = await tree.read(file);
  // PNG: signature and chunk head are 16 bytes, then IHDR: width, height, depth and, at byte 25, the colour type; 2 is RGB, 6 RGBA.
  if (bytes[25] === 2 || bytes[25] === 6) return true;
  const { data, palette } = await decodeLabels(bytes, `${tree.root}/${file}`);
  if (!palette) return false;
  return [...new Set(data)].every(value => {
    const [r, g, b] = palette[value] ?? [-1, 0, 0];
    return colours.has((r << 16) | (g << 8) | b);
  });
}

type ColouredClass = DataClass & { readonly colour: number };

function parseGroups(text: string): ColouredClass[] {
  return text
    .trim()
    .split('\n')
    .flatMap(line => {
      const [group, ...words] = line.trim().split(/\s+/);
      return Array.from({ length: words.length / 2 }, (_, index) => ({
        name: words[2 * index],
        group,
        colour: colourOf(words[2 * index + 1].split(',').map(Number)),
      }));
    });
}

/** `name,r,g,b` a line under a line of headings. Groups are those of the standard table, by name. */
function parseClassDict(text: string, name: string): ColouredClass[] {
  const groups = new Map(camvid32.map(entry => [entry.name.toLowerCase(), entry.group]));
  const rows = text.split(/\r?\n/).filter(line => line.trim());
  const classes = rows.slice(1).map((row, index) => {
    const [label, ...parts] = row.split(',').map(part => part.trim());
    const colour = parts.map(Number);
    if (!label || colour.length !== 3 || !colour.every(part => Number.isInteger(part) && part >= 0 && part < 256))
      throw new AtrousError(
        'BAD_USAGE',
        `${name}: line ${index + 2} is ${quote(row)}: expected name,r,g,b with numbers from 0 to 255`,
      );
    return { name: label, group: groups.get(label.toLowerCase()), colour: colourOf(colour) };
  });
  if (classes.length === 0 || classes.length > IGNORE)
    throw new AtrousError('BAD_USAGE', `${name} has ${classes.length} classes below its headings: expected 1 to ${IGNORE}`);
  return classes;
}

function colourOf([r, g, b]: readonly number[]): number {
  return (r << 16) | (g << 8) | b;
}
