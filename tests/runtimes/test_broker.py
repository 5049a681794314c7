"""Windows of several workers are run together, each gets its own back, and no death is waited on."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from styleshift.bundle.load import load_bundle
from styleshift.conversion.library import processes
from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track.load import load_session
from styleshift.errors import BundleError
from styleshift.runtimes.broker import Address, Broker, BrokerSession, connect
from styleshift.runtimes.broker_process import BrokerProcess
from styleshift.runtimes.wire import send_array

Float32Array = npt.NDArray[np.float32]

BINS, FRAMES = 5, 4
POISON = 666.0


def windows(count: int, value: float, frames: int = FRAMES) -> Float32Array:
    return np.full((count, 1, BINS, frames), value, np.float32)


class Doubler:
    """Doubles; notes how many windows came together; each call waits for ``gate``, and says so before."""

    description = "doubler"

    def __init__(self, most: int = 1000) -> None:
        self.batches: list[int] = []
        self.shut = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.most = most

    def run(self, log_magnitude: Float32Array) -> Float32Array:
        self.batches.append(len(log_magnitude))
        self.shut.set()
        assert self.gate.wait(60)
        if len(log_magnitude) > self.most:
            raise RuntimeError("Failed to allocate memory")
        if (log_magnitude == POISON).any():
            raise RuntimeError("poison")
        return 2 * log_magnitude


class Bench:
    """A broker in a thread, with connections to it."""

    def __init__(self, session: Doubler, most_frames: int) -> None:
        self.session = session
        self.broker = Broker(most_frames)
        self.threads = ThreadPoolExecutor(8)

    def pipe(self) -> Connection:
        ours, theirs = Pipe()
        self.broker.attach(theirs)
        assert ours.recv() == "doubler"
        return ours

    def client(self) -> BrokerSession:
        return BrokerSession(self.pipe(), "doubler")

    def together(self, parts: list[Float32Array]) -> list[Float32Array | BundleError]:
        """Send the parts, one a client, in this order, while the session is at something else."""
        self.session.gate.clear()
        self.session.shut.clear()
        first = self.threads.submit(self.client().run, windows(1, 0.0))
        assert self.session.shut.wait(60)
        answers = []
        for number, part in enumerate(parts, 1):
            answers.append(self.threads.submit(ask, self.client(), part))
            until(lambda number=number: self.broker.arrived == number)
        self.session.gate.set()
        first.result(60)
        return [answer.result(60) for answer in answers]


def ask(client: BrokerSession, part: Float32Array) -> Float32Array | BundleError:
    try:
        return client.run(part)
    except BundleError as error:
        return error


def test_a_client_without_memory_for_an_answer_asks_no_more() -> None:
    ours, theirs = Pipe()
    client = BrokerSession(ours, "doubler")
    theirs.send(("<f4", (1 << 50,)))
    with pytest.raises(MemoryError):
        client.run(windows(1, 0.0))
    assert client.broken


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def bench(session: Doubler, most_frames: int = 1000) -> Iterator[Bench]:
    made = Bench(session, most_frames)
    thread = threading.Thread(target=made.broker.serve, args=(lambda: session,))
    thread.start()
    try:
        yield made
    finally:
        session.gate.set()
        made.broker.close()
        thread.join(60)
        made.threads.shutdown()
    assert not thread.is_alive()


def test_what_has_arrived_is_run_together_and_each_gets_its_own() -> None:
    session = Doubler()
    with bench(session) as made:
        answers = made.together([windows(count, value) for count, value in ((3, 1.0), (2, 5.0), (4, 7.0))])
    assert session.batches == [1, 9]
    for answer, (count, value) in zip(answers, ((3, 2.0), (2, 10.0), (4, 14.0)), strict=True):
        np.testing.assert_array_equal(answer, windows(count, value))


def test_a_batch_ends_at_the_limit_and_holds_one_shape() -> None:
    session = Doubler()
    with bench(session, most_frames=4 * FRAMES) as made:
        counts = ((2, 1.0), (1, 4.0, 2 * FRAMES), (2, 2.0), (3, 3.0), (1, 6.0), (9, 5.0))
        parts = [windows(*count) for count in counts]
        answers = made.together(parts)
    # 2 and 2, the window of another length, 3 and 1, and what is too much alone.
    assert session.batches == [1, 4, 1, 4, 9]
    for answer, part in zip(answers, parts, strict=True):
        np.testing.assert_array_equal(answer, 2 * part)


def test_one_that_is_alone_is_not_kept_waiting() -> None:
    session = Doubler()
    with bench(session) as made:
        client = made.client()
        for value in (1.0, 2.0):
            np.testing.assert_array_equal(client.run(windows(2, value)), windows(2, 2 * value))
    assert session.batches == [2, 2]


def test_an_error_reaches_only_the_one_whose_windows_make_it() -> None:
    with bench(Doubler()) as made:
        good, bad, other = made.together([windows(2, 1.0), windows(1, POISON), windows(1, 3.0)])
        np.testing.assert_array_equal(good, windows(2, 2.0))
        np.testing.assert_array_equal(other, windows(1, 6.0))
        assert isinstance(bad, BundleError)
        assert bad.message == "the model fails: poison"
        np.testing.assert_array_equal(made.client().run(windows(1, 4.0)), windows(1, 8.0))


def test_out_of_memory_halves_the_batch_and_goes_on() -> None:
    session = Doubler(most=3)
    with bench(session) as made:
        answers = made.together([windows(3, 1.0), windows(3, 2.0), windows(2, 3.0)])
        made.client().run(windows(4, 1.0))
    assert session.batches == [1, 8, 4, 2, 2, 2, 2, 2, 2]
    for answer, part in zip(answers, ((3, 2.0), (3, 4.0), (2, 6.0)), strict=True):
        np.testing.assert_array_equal(answer, windows(*part))


def test_a_client_that_is_gone_is_forgotten() -> None:
    session = Doubler()
    with bench(session) as made:
        session.gate.clear()
        before = set(threading.enumerate())  # of which those of other tests may end meanwhile
        gone = made.pipe()
        send_array(gone, windows(1, 1.0))
        assert session.shut.wait(60)
        idle = made.pipe()
        gone.close()
        idle.close()
        session.gate.set()
        until(lambda: set(threading.enumerate()) <= before)
        np.testing.assert_array_equal(made.client().run(windows(2, 4.0)), windows(2, 8.0))


class Mortal(Doubler):
    def run(self, log_magnitude: Float32Array) -> Float32Array:
        if (log_magnitude == POISON).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(log_magnitude)


def crash() -> Doubler:
    os._exit(9)


def refuse() -> Doubler:
    raise BundleError("no such model", "another hint")


@contextmanager
def process(build: Callable[[], Doubler], patience: float = 60.0) -> Iterator[BrokerProcess]:
    """A broker's process, tended as a pool's parent does, and gone without a trace at the end."""
    done = threading.Event()
    with BrokerProcess(build, 1000, patience) as broker:

        def tend() -> None:
            while not done.wait(0.01):
                broker.tend()

        thread = threading.Thread(target=tend)
        thread.start()
        try:
            yield broker
        finally:
            done.set()
            thread.join()
    assert not broker._process.is_alive()
    assert not Path(broker.address.name).parent.exists()


def silent(_: float) -> None:
    pass


def test_a_broker_that_dies_is_an_error_and_another_comes() -> None:
    with process(Mortal) as broker:
        one, other = connect(broker.address, silent), connect(broker.address, silent)
        np.testing.assert_array_equal(one.run(windows(2, 1.0)), windows(2, 2.0))
        for client in (one, other):
            with pytest.raises(BundleError, match="the process that runs the model has ended"):
                client.run(windows(1, POISON))
            assert client.broken
        again = connect(broker.address, silent)
        assert again.description == "doubler"
        np.testing.assert_array_equal(again.run(windows(2, 3.0)), windows(2, 6.0))


class Sleeper(Doubler):
    def run(self, log_magnitude: Float32Array) -> Float32Array:
        if (log_magnitude == POISON).any():
            time.sleep(1000)
        return super().run(log_magnitude)


def gone(process: BaseProcess) -> bool:
    """It has ended: those who wait on it may hear of that a moment before its parent does."""
    deadline = time.monotonic() + 60
    while process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not process.is_alive()


def answered(broker: BrokerProcess) -> Float32Array:
    """What it says, asked again where it has just been replaced."""
    for _ in range(20):
        with contextlib.suppress(BundleError):
            return connect(broker.address, silent).run(windows(2, 3.0))
    raise AssertionError("no broker came that answers")


def test_a_session_that_hangs_is_an_error_for_all_who_wait_and_another_comes() -> None:
    with process(Sleeper, patience=2.0) as broker, ThreadPoolExecutor(2) as pool:
        clients = [connect(broker.address, silent) for _ in range(2)]
        first = broker._process
        asked = [pool.submit(client.run, windows(1, POISON)) for client in clients]
        for client, answer in zip(clients, asked, strict=True):
            with pytest.raises(BundleError, match="did not answer and was stopped"):
                answer.result(60)
            assert client.broken
        assert gone(first)
        np.testing.assert_array_equal(answered(broker), windows(2, 6.0))


def test_a_process_that_is_stopped_while_it_has_nothing_to_do_is_replaced() -> None:
    with process(Doubler, patience=2.0) as broker:
        client = connect(broker.address, silent)
        first = broker._process
        assert first.pid is not None
        os.kill(first.pid, signal.SIGSTOP)
        with pytest.raises(BundleError, match="did not answer and was stopped"):
            client.run(windows(1, 1.0))
        assert gone(first)
        np.testing.assert_array_equal(answered(broker), windows(2, 6.0))


def test_signals_to_the_whole_group_are_left_to_the_parent() -> None:
    with process(Mortal) as broker:
        client = connect(broker.address, silent)
        assert broker._process.pid is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(broker._process.pid, number)
        np.testing.assert_array_equal(client.run(windows(2, 3.0)), windows(2, 6.0))


def test_a_model_that_cannot_be_loaded_is_told() -> None:
    with process(refuse) as broker, pytest.raises(BundleError, match="no such model") as caught:
        connect(broker.address, silent)
    assert caught.value.hint == "another hint"


def test_a_broker_that_dies_at_every_start_is_given_up() -> None:
    told: list[float] = []
    with process(crash) as broker, pytest.raises(BundleError, match="died 3 times while loading it"):
        connect(broker.address, told.append)
    assert told


@pytest.mark.parametrize("patience", [2.0, 300.0])
def test_a_client_waits_as_long_as_a_broker_is_begun_again(patience: float) -> None:
    """A minute at least, or the patience, for each of three tries."""
    with process(Doubler, patience=patience) as broker:
        assert broker.address.start_seconds > 3 * max(60.0, patience)


def test_a_broker_that_never_comes_is_an_error(tmp_path: Path) -> None:
    nobody = Address(str(tmp_path / "nobody"), b"key", start_seconds=0.3)
    with pytest.raises(BundleError, match="was not ready within 0 s"):
        connect(nobody, silent)


def test_windows_come_out_the_same_whatever_is_beside_them(models: ModuleType, tmp_path: Path) -> None:
    change = np.random.default_rng(9).uniform(-0.5, 0.5, 257)
    bundle = load_bundle(models.make_model(tmp_path / "m.onnx", change=change))
    session = load_session(bundle, ConvertSettings(device="cpu", runtime="onnxruntime"), 1)
    random = np.random.default_rng(1)
    parts = [random.uniform(0, 5, (count, 1, 257, 16)).astype(np.float32) for count in (1, 3, 2)]
    gated = Doubler()
    with bench(gated) as made:
        gated.run = gate_then(gated, session.run)  # type: ignore[method-assign]
        answers = made.together([*parts])
    assert gated.batches == [1, 6]
    for answer, part in zip(answers, parts, strict=True):
        np.testing.assert_allclose(answer, session.run(part), atol=1e-5)


def gate_then(
    gated: Doubler, run: Callable[[Float32Array], Float32Array]
) -> Callable[[Float32Array], Float32Array]:
    def both(log_magnitude: Float32Array) -> Float32Array:
        Doubler.run(gated, log_magnitude)
        return log_magnitude if log_magnitude.shape[2] == BINS else run(log_magnitude)

    return both


@dataclass
class Machines:
    """An engine, as far as it is asked here."""

    local: bool
    workers: int = 16


def test_all_processors_work_for_a_gpu_but_for_a_vocoder_that_may_be_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model is there once; what is left, the built-in vocoders among it, is the processors'."""
    here = Machines(True)
    assert processes.default_jobs(ConvertSettings(device="cuda"), here) == 16
    monkeypatch.setattr(processes, "BUILT_IN", "another package")
    assert processes.default_jobs(ConvertSettings(device="cuda"), here) == 6
    assert processes.default_jobs(ConvertSettings(device="cpu"), here) == 16
    assert processes.default_jobs(ConvertSettings(device="cuda"), Machines(False)) == 16


def test_only_several_workers_on_this_machines_gpu_share_a_session() -> None:
    here, elsewhere = Machines(True), Machines(False)
    assert processes.shares_device(ConvertSettings(device="cuda:1"), here, 2)
    assert not processes.shares_device(ConvertSettings(device="cuda:1"), here, 1)
    assert not processes.shares_device(ConvertSettings(device="cpu"), here, 2)
    assert not processes.shares_device(ConvertSettings(device="cuda:1"), elsewhere, 2)
