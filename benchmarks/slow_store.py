"""What it gains that one worker converts while another's files come and go: two a processor against one.

    python benchmarks/slow_store.py --files 16 --seconds 20 --delay 1

Clips of noise lie on an S3 server on this machine (moto, over HTTP), which waits before it answers each
request for a recording's bytes, and each that brings some. They are converted with one worker a processor,
and with as many as `styleshift convert` takes. Printed as JSON: seconds of both, the share of the first that
its workers waited for the server (`waits`), and `ratio`. The outputs have the same bytes.

Needs `pip install "styleshift[remote]" "moto[server]"`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from command_line import parser_of

import styleshift
from styleshift import convert_library
from styleshift.remote import Store
from styleshift.system.environment import processors

MODEL = Path(styleshift.__file__).parent / "models" / "shipped" / "violin-to-piano.onnx"
RATE = 22050


@contextlib.contextmanager
def slow_bucket(delay: float) -> Iterator[str]:
    """The address of a bucket whose recordings take ``delay`` seconds to come, and to go."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    moto = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] in ("GET", "PUT") and environ["PATH_INFO"].endswith(".flac"):
            time.sleep(delay)
        return moto(environ, start_response)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, answer, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    os.environ.update(AWS_ENDPOINT_URL=url, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="a",
                      AWS_DEFAULT_REGION="us-east-1", NO_PROXY="127.0.0.1")  # fmt: skip
    import s3fs

    s3fs.S3FileSystem().mkdir("slow")
    try:
        yield "s3://slow"
    finally:
        server.shutdown()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20.0, help="of music in each")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds a file takes to come, and to go")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, slow_bucket(words.delay) as bucket:
        store = Store(f"{bucket}/library")
        path = Path(folder, "clip.flac")
        for number in range(words.files):
            noise = 0.1 * np.random.default_rng(number).standard_normal(int(words.seconds * RATE))
            soundfile.write(path, noise, RATE)
            store.send(path, f"{number}.flac")
        took, made = [], []
        for jobs in (processors(), None):
            output = f"{bucket}/output-{jobs}"
            began = time.monotonic()
            convert_library(
                store.address, MODEL, output=output, jobs=jobs, runtime="onnxruntime", device="cpu"
            )
            took.append(time.monotonic() - began)
            made.append(Store(output).read(f"{number}.flac" for number in range(words.files)))
        assert made[0] == made[1], "the bytes differ"
        waits = 2 * words.delay * words.files / processors() / took[0]
        print(json.dumps({"files": words.files, "one_a_processor_seconds": round(took[0], 1),
                          "seconds": round(took[1], 1), "waits": round(waits, 2),
                          "ratio": round(took[0] / took[1], 2)}))  # fmt: skip


if __name__ == "__main__":
    main()
