"""A checkpoint that TensorFlow 2.21 wrote (`tf.compat.v1.train.Saver`), and what may be wrong with one."""

import numpy as np
import pytest

from styleshift.errors import UsageError
from styleshift.evaluation.ears.checkpoint import read_checkpoint
from styleshift.evaluation.ears.tagger import Tagger

INDEX = bytes.fromhex(
    "00000608011a020801000a0f64656e73652f626961730801120412020802280835453f16880606156b65726e656c08011208"
    "12020802120208032008281835d697f4340507115f312f62696173080112041202080120202804355fcf8bb500050d706f77"
    "65720801120020242804355649d3310000000001000000002f3c215e000000000100000000c0f2a1b000010271007b000000"
    "0001000000009b0ce0768001088d010e00000000000000000000000000000000000000000000000000000000000000000000"
    "57fb808b247547db"
)
DATA = bytes.fromhex("0000803f000000c00000003f0000c03f0000204000006040000090400000b0400000e0400000803e")


@pytest.fixture
def read(tmp_path):
    def made(index=INDEX, data=DATA):
        (tmp_path / "model.index").write_bytes(index)
        (tmp_path / "model.data-00000-of-00001").write_bytes(data)
        return read_checkpoint(tmp_path / "model.index")

    return made


def test_names_shapes_and_numbers_are_those_that_were_saved(read):
    expected = {
        "dense/bias": [1, -2],
        "dense/kernel": [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]],
        "dense_1/bias": [7],
        "power": 0.25,
    }
    found = read()
    assert {name: tensor.tolist() for name, tensor in found.items()} == expected
    assert {tensor.dtype for tensor in found.values()} == {np.dtype("float32")}


def replaced(before, after):
    assert INDEX.count(bytes.fromhex(before)) == 1
    return INDEX.replace(bytes.fromhex(before), bytes.fromhex(after))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"data": DATA[:-4]}, "longer or shorter than its shape"),
        ({"data": DATA + bytes(4)}, "do not fill"),
        ({"index": b""}, "does not end"),
        ({"index": INDEX[:-1]}, "does not end"),
        ({"index": INDEX[20:]}, ""),
        ({"index": replaced("0801120412020802", "0803120412020802")}, "not float32"),  # int32
        ({"index": replaced("120412020802", "120412020803")}, "longer or shorter"),
        ({"index": replaced("002f3c215e", "012f3c215e")}, ""),
    ],
)
def test_what_is_damaged_is_refused(read, damage, said):
    with pytest.raises(UsageError, match=f"cannot be read: .*{said}"):
        read(**damage)


def test_every_cut_before_the_end_of_the_index_is_refused(read):
    footer, checksum = 48, 4
    for length in range(len(INDEX) - footer - checksum):
        with pytest.raises(UsageError):
            read(index=INDEX[:length] + INDEX[-footer:])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"model\.index"):
        read_checkpoint(tmp_path / "model.index")


def test_weights_of_another_network_are_said(read, tmp_path):
    read()
    with pytest.raises(UsageError, match="other weights") as caught:
        Tagger(tmp_path / "model.index")
    assert "musicnn==0.1.0" in str(caught.value.hint)
