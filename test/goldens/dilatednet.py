"""Writes dilatednet.safetensors: the last layer before softmax or upsampling of the four networks in PyTorch, float64, with a sixteenth of the hidden
channels, weights and input that follow from their names.

python3 test/goldens/dilatednet.py ../shared/reference — the folder of dilatednet_torch.py and fixture_io.py. Needs torch and numpy.
"""
import pathlib
import sys

import torch

sys.path.insert(0, sys.argv[1])
from dilatednet_torch import MEANS_BGR, forward, layers
from fixture_io import save_safetensors, tensor, uniform

H, W = 412, 428
NETWORKS = {'voc': 'dilation8_pascal_voc', 'camvid': 'dilation8_camvid', 'kitti': 'dilation7_kitti', 'cityscapes': 'dilation10_cityscapes'}

u = torch.from_numpy(uniform('input', 3 * H * W)).double().reshape(1, 3, H, W)
tensors = {}
for dataset, network in NETWORKS.items():
    spec = layers(dataset, 1 / 16)
    convs = [row for row in spec if row[0] == 'conv']
    params = {}
    for _, name, cin, cout, k, *_ in convs:
        shapes = {'weight': (cout, cin, k, k), 'bias': (cout,)}
        params[name] = tuple(torch.from_numpy(tensor(f'{name}.{part}', shape)).double() for part, shape in shapes.items())
    mean = torch.tensor(MEANS_BGR[dataset], dtype=torch.float64).reshape(1, 3, 1, 1)
    last = convs[-1][1]
    with torch.no_grad():
        _, seen = forward(spec, params, u * 255 - mean, (last,))
    tensors[f'{network}.{last}'] = seen[last].float().numpy()
path = pathlib.Path(__file__).with_name('dilatednet.safetensors')
save_safetensors(path, tensors, {'source': 'dilatednet_torch.py in float64, weights and input by name'})
print(path, path.stat().st_size, 'bytes')
