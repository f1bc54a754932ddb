"""Writes exp48_decoder26_5_32x48.safetensors: the network in PyTorch, float64, with weights that follow from their names.

python3 test/goldens/regseg.py ../shared/reference — the folder of regseg_torch.py and fixture_io.py. Needs torch and numpy.
"""
import pathlib
import sys

import torch

sys.path.insert(0, sys.argv[1])
from fixture_io import save_safetensors, tensor, uniform
from regseg_torch import RegSeg

CLASSES, H, W = 5, 32, 48

model = RegSeg('exp48', CLASSES).double().eval()
state = {k: torch.from_numpy(tensor(k, tuple(v.shape))).double() if v.dim() else v for k, v in model.state_dict().items()}
model.load_state_dict(state)
mean, std = (torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
u = torch.from_numpy(uniform('input', 3 * H * W)).double().reshape(1, 3, H, W)
with torch.no_grad():
    logits4 = model((u - mean) / std, upsample=False)
path = pathlib.Path(__file__).with_name(f'exp48_decoder26_{CLASSES}_{H}x{W}.safetensors')
save_safetensors(path, {'logits4': logits4.float().numpy()}, {'source': 'regseg_torch.py in float64, weights and input by name'})
print(path, path.stat().st_size, 'bytes')
