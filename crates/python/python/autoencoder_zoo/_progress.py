"""Progress of a training: a bar of tqdm where it is installed, else a line now and then."""

import sys
import time


#: Seconds between two lines.
BETWEEN = 5.0


class Progress:
    """Is called with the steps done, those of all, and number, loss and test loss of the last epoch."""

    def __init__(self):
        self._bar = None
        self._said = time.monotonic()
        try:
            from tqdm.auto import tqdm

            self._bar = tqdm(unit="step", leave=False)
        except ImportError:
            pass

    def __call__(self, done, of, epoch):
        text = ""
        if epoch is not None:
            number, loss, test = epoch
            text = f"epoch {number}: loss {loss:.4g}" + ("" if test is None else f", test loss {test:.4g}")
        if self._bar is not None:
            self._bar.total = of
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(done - self._bar.n)
        elif text and time.monotonic() - self._said > BETWEEN:
            self._said = time.monotonic()
            print(f"{100 * done / max(of, 1):3.0f} %  {text}", file=sys.stderr)

    def close(self):
        if self._bar is not None:
            self._bar.close()
