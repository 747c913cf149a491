"""The same as the command line: bytes, folders, and a training that can be stopped."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import autoencoder_zoo
from autoencoder_zoo import Autoencoder

ROOT = Path(__file__).resolve().parents[3]
ZOO = os.environ.get("ZOO") or shutil.which("zoo") or ROOT / "target/release/zoo"
needs_zoo = pytest.mark.skipif(not Path(ZOO).is_file(), reason="the command line is not built (ZOO=path names it)")


def zoo(*arguments, folder):
    done = subprocess.run([str(ZOO), *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(rows=80):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, rows).astype(float),
            "word": random.choice(["a", "b", "c"], rows),
            "x": random.normal(size=rows),
            "paid": random.random(rows) < 0.5,
        }
    )
    frame.loc[::6, "age"] = np.nan
    frame.loc[::5, "word"] = None
    return frame


@needs_zoo
@pytest.mark.parametrize("objective", ["ae", "vae", "vq-vae", "contractive", "stacked", "pca"])
def test_codes_are_those_of_the_command_line(objective, tmp_path):
    settings = {"code": 2} if objective == "pca" else {"code": 2, "epochs": 3, "random_state": 5}
    if objective == "vq-vae":
        del settings["code"]
    flags = {"code": "--code", "epochs": "--epochs", "random_state": "--seed"}
    flags = [text for key, value in settings.items() for text in (flags[key], value)]
    frame, X = table(), np.random.default_rng(0).normal(size=(70, 6))
    frame.to_csv(tmp_path / "frame.csv", index=False)
    np.save(tmp_path / "array.npy", X)
    np.save(tmp_path / "single.npy", X.astype(np.float32))
    for name, data in [("frame.csv", frame), ("array.npy", X), ("single.npy", X.astype(np.float32))]:
        out = tmp_path / f"run-{name}"
        zoo("train", objective, "--data", name, *flags, "--out", out, folder=tmp_path)
        zoo("encode", out, "--data", name, "--out", f"{name}.codes.npy", folder=tmp_path)
        wanted = np.load(tmp_path / f"{name}.codes.npy")
        model = Autoencoder(objective, **settings).fit(data)
        assert model.transform(data).tobytes() == wanted.tobytes(), name
        loaded = autoencoder_zoo.load(out)
        assert loaded.transform(data).tobytes() == wanted.tobytes()
        assert loaded.objective == objective
        # The reverse: a folder of Python, opened by the command line.
        saved = tmp_path / f"saved-{name}"
        model.save(saved)
        zoo("encode", saved, "--data", name, "--out", f"{name}.again.npy", folder=tmp_path)
        assert np.load(tmp_path / f"{name}.again.npy").tobytes() == wanted.tobytes()
        zoo("eval", saved, folder=tmp_path)
        zoo("report", saved, "--out", f"{name}.html", folder=tmp_path)
        zoo("inspect", saved, folder=tmp_path)
        scores = zoo("score", saved, "--data", name, folder=tmp_path)
        first = float(scores.splitlines()[1].split(",")[1])
        assert np.isclose(-model.score_samples(data)[0], first, rtol=1e-6)


@needs_zoo
def test_filled_gaps_and_samples_are_those_of_the_command_line(tmp_path):
    frame = table()
    model = Autoencoder("vae", epochs=5).fit(frame)
    frame.to_csv(tmp_path / "frame.csv", index=False)
    model.save(tmp_path / "run")
    zoo("impute", "run", "--data", "frame.csv", "--out", "full.csv", folder=tmp_path)
    wanted = pd.read_csv(tmp_path / "full.csv")
    pd.testing.assert_frame_equal(model.impute(frame), wanted, check_dtype=False)
    zoo("sample", "run", "--count", 30, "--out", "new.csv", folder=tmp_path)
    wanted = pd.read_csv(tmp_path / "new.csv")
    pd.testing.assert_frame_equal(model.sample(30), wanted[model.sample(1).columns], check_dtype=False)


def test_a_loaded_folder_without_the_command_line(tmp_path):
    frame = table()
    model = Autoencoder("vae", epochs=3, settings={"beta": 2.0}).fit(frame)
    model.save(tmp_path / "run")
    loaded = autoencoder_zoo.load(tmp_path / "run")
    shutil.rmtree(tmp_path / "run")
    assert np.array_equal(loaded.transform(frame), model.transform(frame))
    assert np.array_equal(loaded.score_samples(frame), model.score_samples(frame))
    assert loaded.sample(5)["word"].isin(["a", "b", "c"]).all()
    assert loaded.settings["model.beta"] == 2.0
    again = loaded.fit(frame)
    assert np.array_equal(again.transform(frame), model.transform(frame))
    with pytest.raises(ValueError, match="no such run folder"):
        autoencoder_zoo.load(tmp_path / "none")
    model.save(tmp_path / "run")
    with pytest.raises(ValueError, match="already holds something"):
        model.save(tmp_path / "run")


def test_any_number_of_threads_gives_the_same_bytes():
    X = np.random.default_rng(0).normal(size=(300, 64))
    codes = [Autoencoder("ae", epochs=2, n_jobs=n).fit(X).transform(X).tobytes() for n in (1, 2, 3)]
    assert len(set(codes)) == 1


def test_other_threads_go_on_while_a_model_learns():
    X = np.random.default_rng(0).normal(size=(2000, 64))
    count, over = [0], threading.Event()

    def counting():
        while not over.is_set():
            count[0] += 1
            time.sleep(0.001)

    other = threading.Thread(target=counting)
    other.start()
    try:
        model = Autoencoder("ae", epochs=30, n_jobs=1)
        before = count[0]
        started = time.monotonic()
        model.fit(X)
        seconds, counted = time.monotonic() - started, count[0] - before
    finally:
        over.set()
        other.join()
    assert counted > 20 * seconds, (counted, seconds)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_stops_a_training():
    program = textwrap.dedent(
        """
        import numpy as np
        from autoencoder_zoo import Autoencoder
        X = np.random.default_rng(0).normal(size=(4000, 64))
        print("begins", flush=True)
        try:
            Autoencoder("ae", epochs=100_000).fit(X)
        except KeyboardInterrupt:
            print("stopped", flush=True)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "begins\n"
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "stopped\n"
        assert child.wait(timeout=60) == 0
    finally:
        child.kill()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_has_threads_of_its_own():
    program = textwrap.dedent(
        """
        import multiprocessing
        import numpy as np
        from autoencoder_zoo import Autoencoder
        X = np.random.default_rng(0).normal(size=(300, 64))
        model = Autoencoder("ae", epochs=2, n_jobs=2).fit(X)
        def work(number):
            return Autoencoder("ae", epochs=2, n_jobs=2).fit(X).transform(X)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for codes in pool.map(work, range(2)):
                assert np.array_equal(codes, model.transform(X))
        print("done")
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout == "done\n", done.stderr


def test_progress_is_shown(capsys, monkeypatch):
    from autoencoder_zoo import _progress

    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(_progress, "BETWEEN", 0.0)
    model = Autoencoder("ae", epochs=3, verbose=True).fit(table())
    assert [epoch["epoch"] for epoch in model.history_] == [1, 2, 3]
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("100 %  epoch 3: loss ") and ", test loss " in last
    Autoencoder("ae", epochs=3).fit(table())
    assert capsys.readouterr().err == ""
