"""Writes smaller copies of goldens of whole networks: the decoder's own output alone, from which the logits at input size follow by one interpolation.

python3 test/goldens/trim.py ../shared/fixtures/regseg — the folder of <model>_<classes>_<H>x<W>.golden.safetensors, which the published code made in
float64 of weights and input that follow from their names. The one of odd size stays as it is: there the interpolation is to be compared too.
"""
import json
import pathlib
import struct
import sys

WHOLE = 'exp30_lraspp_5_33x47'


def trimmed(data):
    length = struct.unpack('<Q', data[:8])[0]
    head = json.loads(data[8:8 + length])
    key = next(name for name in head if name in ('logits4', 'logits8'))
    begin, end = head[key]['data_offsets']
    kept = {'__metadata__': head['__metadata__'], key: {**head[key], 'data_offsets': [0, end - begin]}}
    text = json.dumps(kept, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    return struct.pack('<Q', len(text)) + text + data[8 + length + begin:8 + length + end]


for path in sorted(pathlib.Path(sys.argv[1]).glob('*.golden.safetensors')):
    name = path.name.replace('.golden', '')
    data = path.read_bytes()
    if not name.startswith(WHOLE):
        data = trimmed(data)
    pathlib.Path(__file__).with_name(name).write_bytes(data)
    print(name, len(data), 'bytes')
