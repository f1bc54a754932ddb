"""Writes pytorch.json: what PyTorch makes of small seeded inputs, in float64. Run it anew only to add a case:
python3 test/goldens/pytorch.py && npx biome check --write test/goldens/pytorch.json

Inputs and weights follow from their names (src/weights/seeded.ts is the same), so only results are stored. Needs torch and numpy.
"""
import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F


def uniform(name, n):
    h = 0x811C9DC5
    for b in name.encode():
        h = ((h ^ b) * 0x01000193) & 0xFFFFFFFF
    x = (np.uint64(h) + np.arange(n, dtype=np.uint64) * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return (x >> np.uint64(8)).astype(np.float64) / 2**24


def value(name, shape):
    """An input: uniform in ±1, c×h×w with a batch axis in front."""
    return torch.from_numpy(2 * uniform(name, int(np.prod(shape))) - 1).reshape(1, *shape)


def tensor(name, shape):
    """A tensor of a checkpoint, rounded to float32 as it would be stored."""
    u = uniform(name, int(np.prod(shape))).reshape(shape)
    if len(shape) == 4:
        v = (u - 0.5) * 2 * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith('.weight') or name.endswith('running_var'):
        v = 0.5 + u
    else:
        v = (u - 0.5) * 0.2
    return torch.from_numpy(v.astype(np.float32).astype(np.float64))


def norm(x, name):
    w, b, m, v = (tensor(f'{name}.{part}', [x.shape[1]]) for part in ('weight', 'bias', 'running_mean', 'running_var'))
    return F.batch_norm(x, m, v, w, b, False, 0, 1e-5)


def resize(x, size, **options):
    return F.interpolate(x, size=tuple(size), mode='bilinear', align_corners=False, **options)


def pool(x):
    return F.avg_pool2d(x, 2, 2, ceil_mode=True)


def numbers(y):
    """Nine digits are more than float32 has."""
    y = y[0] if y.dim() == 4 else y
    return {'shape': list(y.shape), 'data': [float(f'{v:.9g}') for v in y.flatten().tolist()]}


cases = []


def node(op, name, inputs, attributes=None, constants=None, y=None):
    """One node of the op table: `y(inputs, constants)` is what PyTorch makes of it."""
    attributes, constants = attributes or {}, constants or {}
    given = {role: value(f'{name}.{role}', shape) for role, shape in inputs.items()}
    known = {role: tensor(f'{name}.{role}', shape) for role, shape in constants.items()}
    made = numbers(y(given, known))
    cases.append({'op': op, 'name': name, 'inputs': inputs, 'attributes': attributes, 'constants': constants, 'y': made})


def conv(name, x, o, kernel=(3, 3), stride=1, dilation=1, pad=0, groups=1, bias=False):
    constants = {'weight': [o, x[0] // groups, *kernel], **({'bias': [o]} if bias else {})}
    attributes = {'kernel': kernel, 'stride': stride, 'dilations': [dilation], 'pads': [pad], 'groups': groups}
    node('conv', name, {'x': x}, attributes, constants,
         lambda v, k: F.conv2d(v['x'], k['weight'], k.get('bias'), stride, pad, dilation, groups))


conv('conv stem', [3, 5, 7], 4, stride=2, pad=1)
conv('conv stem even', [3, 6, 4], 4, stride=2, pad=1, bias=True)
conv('conv one pixel', [2, 1, 1], 3, pad=1)
conv('conv grouped', [8, 4, 5], 8, groups=2, pad=1)
conv('conv grouped dilated', [12, 5, 4], 12, groups=4, dilation=2, pad=2, bias=True)
conv('conv grouped stride', [8, 5, 3], 8, groups=2, stride=2, pad=1)
conv('conv wider than the map', [4, 3, 2], 4, groups=2, dilation=14, pad=14)
conv('conv fc6', [2, 26, 27], 2, kernel=(7, 7), dilation=4, bias=True)
conv('conv 1x1 stride', [3, 5, 4], 2, kernel=(1, 1), stride=2)
conv('conv 1x1', [5, 2, 3], 3, kernel=(1, 1), bias=True)
conv('conv 1x3', [2, 4, 5], 3, kernel=(1, 3), pad=1)
conv('conv stride 3', [2, 8, 7], 3, kernel=(5, 5), stride=3, pad=2)
for name, x, size in [('resize up', [2, 2, 3], [5, 7]), ('resize down', [2, 7, 9], [3, 4]),
                      ('resize four times', [1, 2, 2], [8, 8]),
                      ('resize one pixel', [3, 1, 1], [2, 3]), ('resize to one pixel', [2, 5, 4], [1, 1]),
                      ('resize mixed', [1, 9, 2], [4, 5])]:
    node('resize', name, {'x': x}, {'h': size[0], 'w': size[1], 'mode': 'half-pixel'}, y=lambda v, k: resize(v['x'], size))
for name, x, size in [('corners up', [2, 3, 4], [5, 8]), ('corners down', [1, 7, 5], [3, 2]), ('corners from one pixel', [2, 1, 1], [3, 2]),
                      ('corners to one pixel', [2, 4, 3], [1, 1])]:
    node('resize', name, {'x': x}, {'h': size[0], 'w': size[1], 'mode': 'corners'},
         y=lambda v, k: F.interpolate(v['x'], size=tuple(size), mode='bilinear', align_corners=True))
for name, x, size in [('nearest twice', [2, 3, 4], [6, 8]), ('nearest odd', [2, 3, 4], [5, 7]), ('nearest down', [1, 7, 5], [3, 2])]:
    node('resize', name, {'x': x}, {'h': size[0], 'w': size[1], 'mode': 'nearest'},
         y=lambda v, k: F.interpolate(v['x'], size=tuple(size), mode='nearest'))
for name, x, bins in [('adaptive global', [2, 5, 4], 1), ('adaptive overlapping', [2, 5, 7], 3), ('adaptive more bins than rows', [1, 4, 9], 6)]:
    node('adaptive', name, {'x': x}, {'bins': bins}, y=lambda v, k: F.adaptive_avg_pool2d(v['x'], bins))


def warp(v, k):
    """SFNet's flow_warp."""
    x, flow = v['x'], v['flow']
    h, w = flow.shape[-2:]
    rows, columns = torch.meshgrid(*(torch.linspace(-1, 1, n, dtype=torch.float64) for n in (h, w)), indexing='ij')
    grid = torch.stack((columns, rows), 2)[None] + flow.permute(0, 2, 3, 1) / torch.tensor([w, h])
    return F.grid_sample(x, grid, align_corners=False)


for name, x, size in [('warp', [3, 4, 5], [8, 9]), ('warp one row', [2, 1, 4], [1, 7]), ('warp to one pixel', [2, 3, 3], [1, 1])]:
    node('warp', name, {'x': x, 'flow': [2, *size]}, y=warp)
for name, x in [('pool odd', [2, 5, 7]), ('pool even', [2, 4, 6]), ('pool odd width', [1, 4, 3]), ('pool one pixel', [3, 1, 1])]:
    node('pool', name, {'x': x}, y=lambda v, k: pool(v['x']))
node('mean', 'mean', {'x': [3, 5, 4]}, y=lambda v, k: v['x'].mean((2, 3), keepdim=True))
node('sigmoid', 'sigmoid', {'x': [2, 2, 3]}, y=lambda v, k: torch.sigmoid(v['x']))
node('mul', 'mul', {'x': [3, 2, 3], 'gate': [3, 1, 1]}, y=lambda v, k: v['x'] * v['gate'])


def fused(v, k):
    y = F.conv2d(v['x'] * v['gate'], k['weight'], k['bias']) + F.conv2d(pool(v['shortcut']), k['shortcut']) + v['residual']
    return F.relu(y) + resize(v['addend'], y.shape[-2:])


node('conv', 'conv with everything fused',
     {'x': [5, 3, 4], 'gate': [5, 1, 1], 'shortcut': [3, 5, 7], 'residual': [6, 3, 4], 'addend': [6, 2, 2]},
     {'kernel': [1, 1], 'stride': 1, 'dilations': [1], 'pads': [0], 'groups': 1, 'activation': 'relu', 'shortcut': 'pooled'},
     {'weight': [6, 5, 1, 1], 'bias': [6], 'shortcut': [6, 3, 1, 1]}, fused)


def excite(v, k):
    h = F.relu(F.conv2d(v['x'].sum((2, 3), keepdim=True) / 35, k['weight1'], k['bias1']))
    return torch.sigmoid(F.conv2d(h, k['weight2'], k['bias2']))


node('excite', 'excite', {'x': [8, 3, 1]}, {'hidden': 3, 'pixels': 35},
     {'weight1': [3, 8, 1, 1], 'bias1': [3], 'weight2': [8, 3, 1, 1], 'bias2': [8]}, excite)
# NumPy promises the lowest index of equal numbers, PyTorch does not.
first = lambda y: torch.from_numpy(np.argmax(y[0].numpy(), 0)[None].astype(np.float64))
node('argmax', 'argmax', {'x': [5, 3, 4]}, y=lambda v, k: first(v['x']))
node('classify', 'classify', {'x': [5, 3, 4]}, {'h': 7, 'w': 9}, y=lambda v, k: first(resize(v['x'], (7, 9))))

ties = torch.tensor([[[1.0, 2, 3, 0], [1, 5, 5, 0], [1, 5, 3, -1]]]).reshape(1, 3, 2, 2)
cases.append({'op': 'ties', 'name': 'argmax ties', 'x': ties.flatten().tolist(), 'y': numbers(first(ties))})

norms = {'x': [4, 2, 3]}
cases.append({'op': 'batchnorm', 'name': 'batchnorm', 'inputs': norms, 'attributes': {}, 'constants': {},
              'y': numbers(norm(value('batchnorm.x', norms['x']), 'batchnorm'))})


def convolve(x, name, out, kernel=1, bias=False, **options):
    weight = tensor(f'{name}.weight', [out, x.shape[1] // options.get('groups', 1), kernel, kernel])
    return F.conv2d(x, weight, tensor(f'{name}.bias', [out]) if bias else None, **options)


def d_block(path, x, out, dilations, group_width, stride):
    """The published D block; its parameters are named by its module path."""
    y = F.relu(norm(convolve(x, f'{path}.conv1', out), f'{path}.bn1'))
    parts = torch.tensor_split(y, len(dilations), 1)
    names = [f'{path}.conv2'] if len(dilations) == 1 else [f'{path}.conv2.convs.{n}' for n in range(len(dilations))]
    y = torch.cat([convolve(p, n, p.shape[1], 3, stride=stride, padding=d, dilation=d, groups=p.shape[1] // group_width)
                   for p, n, d in zip(parts, names, dilations)], 1)
    y = F.relu(norm(y, f'{path}.bn2'))
    gate = F.relu(convolve(y.mean((2, 3), keepdim=True), f'{path}.se.conv1', x.shape[1] // 4, bias=True))
    y = y * torch.sigmoid(convolve(gate, f'{path}.se.conv2', out, bias=True))
    y = norm(convolve(y, f'{path}.conv3', out), f'{path}.bn3')
    if stride != 1 or x.shape[1] != out:
        x = norm(convolve(pool(x) if stride != 1 else x, f'{path}.shortcut.conv', out), f'{path}.shortcut.bn')
    return F.relu(y + x)


for path, x, block in [('body.stage4', [32, 5, 7], (48, [1], 16, 2)), ('body.stage16.2', [256, 2, 3], (256, [1, 2], 16, 1)),
                       ('body.stage16.13', [256, 2, 1], (320, [1, 14], 16, 1))]:
    cases.append({'op': 'block', 'name': path, 'inputs': {'x': x}, 'y': numbers(d_block(path, value(f'{path}.x', x), *block))})

for name, frame, size in [('shrink', [9, 11], [4, 5]), ('shrink a little', [5, 6], [4, 5]), ('enlarge', [3, 2], [5, 7]),
                          ('mixed', [9, 3], [4, 5])]:
    bytes_ = torch.from_numpy(np.floor(uniform(f'antialias {name}', 4 * frame[0] * frame[1]) * 256)).reshape(*frame, 4)
    picture = bytes_[..., :3].permute(2, 0, 1)[None]
    made = numbers(resize(picture, size, antialias=True))
    cases.append({'op': 'antialias', 'name': f'antialias {name}', 'frame': frame, 'size': size, 'y': made})

path = pathlib.Path(__file__).with_suffix('.json')
path.write_text('[\n' + ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases) + '\n]\n')
print(f'{len(cases)} cases, {path.stat().st_size} bytes, torch {torch.__version__}')
