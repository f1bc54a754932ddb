"""Writes two caffemodels of whole networks, one in each layer encoding, with a 64th of the hidden channels and weights that follow from their names.

python3 test/goldens/caffemodel.py ../shared/reference — the folder of dilatednet_torch.py and fixture_io.py. Needs torch and numpy.
"""
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
from dilatednet_torch import layers
from fixture_io import save_caffemodel, tensor

for dataset, network, legacy in (('camvid', 'dilation8_camvid', False), ('kitti', 'dilation7_kitti', True)):
    convs = [(name, (cout, cin, k, k), (cout,)) for kind, name, cin, cout, k, *_ in (row for row in layers(dataset, 1 / 64) if row[0] == 'conv')]
    path = pathlib.Path(__file__).with_name(f'{network}_64.caffemodel')
    save_caffemodel(path, network, [(name, tensor(f'{name}.weight', w), tensor(f'{name}.bias', b)) for name, w, b in convs], legacy)
    print(path, path.stat().st_size, 'bytes')
