"""The estimator."""

import json
import numbers
import re
import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from . import _frames, _toml, _zoo
from ._progress import Progress


class Autoencoder(OutlierMixin, TransformerMixin, BaseEstimator):
    """An autoencoder of the zoo: a model that learns to copy its input through a narrow or noisy place.

    It is a transformer (`transform` gives codes, `inverse_transform` makes examples of codes), a detector of outliers
    (`predict`, `decision_function`, `score_samples`), and, if its model is a distribution, a maker of new examples (`sample`). It
    fills gaps (`impute`). `X` is an array `[rows, features]`, pictures `[n, height, width]` or with an axis of 1 or 3 channels,
    or a frame of pandas with words, dates and gaps as they are. The same data, settings and seed give the same bytes as
    `zoo train`, with any number of threads.

    Parameters
    ----------
    objective : str, default "vae"
        Name of the model; see `autoencoder_zoo.models()`. For each there is a class with its own settings, as `Vae`.
    network : str, default "auto"
        Network of the models that leave it open: "mlp", "residual", "conv", "resnet", "conv1d", "gru", "lstm", "transformer".
        "auto": convolutions for colour pictures and series, else "mlp".
    code : int, default None
        Numbers in the code; None: what suits the model and the data.
    hidden : list of int, default None
        Units in the hidden layers of the encoder; the decoder mirrors them.
    channels : list of int, default None
        Channels after each stage of the networks of convolutions.
    likelihood : str, default None
        What the decoder's numbers mean, as "gaussian" or "bernoulli"; None: what suits the data.
    epochs, batch : int, default None
        Passes over the training rows, and rows in a step; None: by the number of rows and features.
    learning_rate : float, default None
        Learning rate of Adam.
    settings : dict, default None
        Any other setting by its name, as `{"beta": 4.0, "train.clip_norm": 1.0}`; see `help` of the model's own class.
    columns : dict, default None
        Kinds of columns of a frame, as `{"zip": "category", "size": "small<medium<large"}`. Kinds of others are seen by looking at
        them; categories of pandas are taken as such.
    missing : list of str, default None
        Marks of missing values in a frame, beside the usual ones.
    gaps : str, default "keep"
        Treatment of missing values in training: "keep" leaves it out of the loss, "mean", "median" and "zero" fill it, "refuse" refuses it.
    scale : str, default "auto"
        "standard", "minmax", "none"; "auto" standardizes tables and leaves pictures in 0 … 1.
    series : int, default None
        Numbers at each step, if a row is a series.
    test_fraction : float, default 0.2
        Share of the rows that is kept for judging: the model does not learn from it, and thresholds of anomalies are
        measured on it.
    anomaly_score : str, default "auto"
        Score behind `score_samples`: "squared_error", "mahalanobis", "latent_distance", "combined" or "neighbours"; "auto" is the
        first for pictures and the last for tables.
    contamination : "auto" or float in (0, 0.5], default "auto"
        Share of outliers among the rows of `fit`, by which `offset_` is set. "auto": a score that 5 % of ordinary new rows
        exceed, as in `zoo score`.
    random_state : int, RandomState or None, default 0
        Seed from which every random number follows; None draws one.
    n_jobs : int, default None
        Threads; None: `RAYON_NUM_THREADS`, `OMP_NUM_THREADS` or all cores, -1: all cores. The result does not depend on it.
    verbose : bool, default False
        Whether a bar shows the progress (tqdm where it is installed), and notes about the data are printed.

    Attributes
    ----------
    code_ : int
        Numbers in a code.
    offset_ : float
        `decision_function` is `score_samples` less this.
    history_ : list of dict
        Loss and test loss of every epoch.
    kinds_ : dict
        Kind of every column of a table of several kinds.
    config_ : dict
        All settings, as `config.toml` has them.
    notes_ : list of str
        Sentences about the data.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.
    """

    #: Parameters of a class of a single model, each with the name of the setting.
    _own = {}

    def __init__(
        self,
        objective="vae",
        *,
        network="auto",
        code=None,
        hidden=None,
        channels=None,
        likelihood=None,
        epochs=None,
        batch=None,
        learning_rate=None,
        settings=None,
        columns=None,
        missing=None,
        gaps="keep",
        scale="auto",
        series=None,
        test_fraction=0.2,
        anomaly_score="auto",
        contamination="auto",
        random_state=0,
        n_jobs=None,
        verbose=False,
    ):
        self.objective = objective
        self.network = network
        self.code = code
        self.hidden = hidden
        self.channels = channels
        self.likelihood = likelihood
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.settings = settings
        self.columns = columns
        self.missing = missing
        self.gaps = gaps
        self.scale = scale
        self.series = series
        self.test_fraction = test_fraction
        self.anomaly_score = anomaly_score
        self.contamination = contamination
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    # Fitting

    def fit(self, X, y=None):
        """Learns from the rows of `X`. `y` are the classes of the rows for models that have classes (`cvae`); others do without."""
        if self._is_of_classes() and y is None:
            raise ValueError(f"requires y to be passed, but the target y is None: `{self.objective}` learns classes")
        data = self._taken(X, reset=True)
        labels = self._labels(y, len(X)) if self._is_of_classes() else None
        settings, assignments = self._told(X)
        if isinstance(data, bytes) and labels is not None:
            data, settings, labels = self._with_classes(X, y), settings + 'label = "class"\n', None
        progress = Progress() if self.verbose else None
        try:
            with _sentences():
                self._fitted = _zoo.fit(settings, assignments, data, labels, self._threads(), progress)
        finally:
            if progress is not None:
                progress.close()
        self._learnt()
        if self.contamination != "auto":
            if not (isinstance(self.contamination, numbers.Real) and 0 < self.contamination <= 0.5):
                raise ValueError(f'contamination is "auto" or above 0 and at most 0.5, not {self.contamination!r}')
            self.offset_ = float(np.percentile(self.score_samples(X), 100 * self.contamination))
        return self

    def _is_of_classes(self):
        return self.objective == "cvae"

    def _threads(self):
        if self.n_jobs is None or self.n_jobs == 0:
            return None
        if self.n_jobs < 0:
            import os

            return max(1, (os.cpu_count() or 1) + 1 + self.n_jobs)
        return int(self.n_jobs)

    def _seed(self):
        if isinstance(self.random_state, numbers.Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(1 << 31))

    def _told(self, X):
        """What is said about the training: the text of a `config.toml`, and assignments to settings."""
        is_frame = _frames.is_frame(X)
        columns = {**(_frames.kinds(_frames.of_pandas(X)) if is_frame else {}), **(self.columns or {})}
        data = {
            "impute": self.gaps,
            "scale": self.scale,
            "series": self.series,
            "missing": self.missing,
            "test_fraction": float(self.test_fraction),
            "columns": columns or None,
        }
        train = {
            "epochs": self.epochs,
            "batch": self.batch,
            "learning_rate": self.learning_rate,
            "seed": self._seed(),
        }
        settings = {
            "network.name": None if self.network == "auto" else self.network,
            "code": self.code,
            "hidden": self.hidden,
            "channels": self.channels,
            "likelihood.name": self.likelihood,
            **{setting: getattr(self, key) for key, setting in self._own.items()},
            **(self.settings or {}),
        }
        model = _toml.section("model", {"name": self.objective})
        text = model + _toml.section("train", train) + _toml.section("data", data)
        return text, [f"{key}={_toml.value(of)}" for key, of in settings.items() if of is not None]

    def _labels(self, y, rows):
        y = np.asarray(y).reshape(-1)
        if len(y) != rows:
            raise ValueError(f"there are {len(y)} classes for {rows} rows")
        names, numbers_ = np.unique(y, return_inverse=True)
        if np.array_equal(names, np.arange(len(names))):
            return numbers_.tolist(), []
        return numbers_.tolist(), [str(name) for name in names]

    def _with_classes(self, X, y):
        X = _frames.of_pandas(X)
        if "class" in X.columns:
            raise ValueError("the frame has a column `class`, which is the name of y here; give it another name")
        return _frames.text(X.assign(**{"class": np.asarray(y)}))

    def _taken(self, X, reset):
        """`X` as the zoo takes it: the text of a table, or an array."""
        if _frames.is_frame(X):
            X = _frames.of_pandas(X)
            if reset:
                self._types, self._dtype, self._shape = _frames.Types(X), None, None
            validate_data(self, X, reset=reset, skip_check_array=True)
            least = 2 if reset else 1
            if len(X) < least:
                raise ValueError(f"Found a frame with {len(X)} sample(s) while a minimum of {least} is required.")
            return _frames.text(X)
        X = check_array(
            X,
            dtype="numeric",
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
            allow_nd=True,
            estimator=self,
            input_name="X",
        )
        if X.ndim == 2:
            validate_data(self, X, reset=reset, skip_check_array=True)
        elif reset:
            self.n_features_in_ = int(np.prod(X.shape[1:]))
            vars(self).pop("feature_names_in_", None)
        if X.dtype not in (np.float32, np.float64, np.uint8):
            X = X.astype(np.float32 if X.dtype == np.float16 else np.float64)
        if reset:
            self._types, self._dtype, self._shape = None, X.dtype, X.shape[1:]
        elif self.kinds_:
            # The columns of a table of several kinds, without their names.
            return _frames.text(_frames.of_array(X, self.kinds_))
        return X

    def _learnt(self):
        about = json.loads(self._fitted.about())
        self.code_, self.history_, self.notes_ = about["code"], about["epochs"], about["notes"]
        self.kinds_, self.config_ = dict(about["kinds"]), about["config"]
        self._columns = about["columns"]
        vars(self).pop("offset_", None)
        try:
            self.offset_ = self._threshold()
        except ValueError:
            # Whoever asks for a score hears why there is none.
            pass
        if self.verbose:
            for note in self.notes_:
                print(f"note: {note}")

    def _threshold(self):
        with _sentences():
            threshold = self._fitted.threshold(self.anomaly_score, 0.05)
        # It is the score of a row. In another batch that row may differ in the last digit, and is no outlier for that.
        return -threshold - 1e-6 * abs(threshold)

    # Using

    def _asked(self, X):
        check_is_fitted(self)
        return self._taken(X, reset=False)

    def _noted(self, result):
        found, notes = result
        for note in notes:
            if note.startswith("warning: "):
                warnings.warn(_named(note.removeprefix("warning: ")), UserWarning, stacklevel=3)
        return found

    def transform(self, X):
        """Codes of the rows, `[rows, code]`, in single precision."""
        data = self._asked(X)
        with _sentences():
            return self._noted(self._fitted.transform(data))

    def inverse_transform(self, X):
        """Rows from codes: in the units, words and types of the data that the model was fitted to."""
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32, input_name="codes")
        with _sentences():
            return self._examples(self._fitted.decode(codes))

    def score_samples(self, X):
        """How ordinary each row is: the lower, the stranger. The score of `zoo score`, with its sign turned."""
        data = self._asked(X)
        with _sentences():
            return -self._noted(self._fitted.scores(data, self.anomaly_score))

    def decision_function(self, X):
        """`score_samples` less `offset_`: below 0 for outliers."""
        offset = vars(self).get("offset_")
        return self.score_samples(X) - (self._threshold() if offset is None else offset)

    def predict(self, X):
        """-1 for outliers, 1 for other rows."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def score(self, X, y=None):
        """`−‖x − x̂‖²`, the mean over rows as the model sees them: what `GridSearchCV` makes large."""
        data = self._asked(X)
        with _sentences():
            return -float(np.mean(self._fitted.errors(data)))

    def sample(self, n_samples=1, *, random_state=0, mixture=None, class_name=None, draw=None):
        """New rows.

        Parameters
        ----------
        n_samples : int
            How many.
        random_state : int, RandomState or None
            Seed of all draws.
        mixture : int, default None
            Components of a mixture of Gaussians, fitted to the codes of training rows, to draw codes from; needed by models
            without a prior, such as "ae".
        class_name : str or int, default None
            Class of all of them, for models of classes.
        draw : bool, default None
            Whether a row is drawn from `p(x|z)` or is its mean; None: rows of tables are drawn, pictures are means.
        """
        check_is_fitted(self)
        seed = random_state
        if not isinstance(seed, numbers.Integral):
            seed = check_random_state(seed).randint(1 << 31)
        class_name = None if class_name is None else str(class_name)
        with _sentences():
            found, classes, _ = self._fitted.sample(int(n_samples), int(seed), mixture, class_name, draw)
        made = self._examples(found)
        if classes is not None and hasattr(made, "columns"):
            made[classes[0]] = classes[1]
        return made

    def impute(self, X, *, samples=200, random_state=0, draw=None):
        """`X` with its gaps filled; what is there stays.

        Parameters
        ----------
        X : array or frame
            Rows with NaN, or missing cells.
        samples : int
            Codes that are drawn for each row, of a variational model, for the mean of what is missing given what is there.
        random_state : int
            Seed of all draws.
        draw : int, default None
            Number of a draw of what is missing, from 0 on, in place of its mean: a few of them are a multiple imputation.
        """
        data = self._asked(X)
        with _sentences():
            found = self._noted(self._fitted.impute(data, int(samples), int(random_state), draw))
        if _frames.is_frame(X):
            types = self._types or _frames.Types(_frames.of_pandas(X))
            return types.filled(_frames.of_pandas(X), self._named_columns(found))
        if isinstance(found, list):
            found = np.column_stack([np.asarray(texts, dtype=float) for _, texts in found])
        if not np.issubdtype(data.dtype, np.floating):
            return data
        return np.where(np.isnan(data), found.reshape(data.shape).astype(data.dtype), data)

    def _named_columns(self, found):
        if isinstance(found, list):
            return found
        return [(name, found[:, place]) for place, name in enumerate(self._columns)]

    def _examples(self, found):
        """Rows as the data were: a frame, or an array of their shape."""
        if self._types is not None:
            return self._types.frame(self._named_columns(found))
        if isinstance(found, list):
            found = np.column_stack([np.asarray(texts, dtype=float) for _, texts in found])
        dtype = np.float64 if self._dtype is None or self._dtype == np.float64 else np.float32
        return found.astype(dtype, copy=False).reshape(len(found), *(self._shape or found.shape[1:]))

    def get_feature_names_out(self, input_features=None):
        """`z1`, `z2`, …, one for each number of the code."""
        check_is_fitted(self)
        if input_features is not None:
            known = getattr(self, "feature_names_in_", None)
            if known is not None and not np.array_equal(known, input_features):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(input_features) != self.n_features_in_:
                raise ValueError(f"input_features should have length equal to {self.n_features_in_}")
        return np.asarray([f"z{number}" for number in range(1, self.code_ + 1)], dtype=object)

    # Keeping

    def save(self, folder):
        """Writes a run folder, which the command line opens: `zoo encode FOLDER --data new.csv`, `zoo report FOLDER`."""
        check_is_fitted(self)
        with _sentences():
            self._fitted.save(folder)

    def __sklearn_is_fitted__(self):
        return "_fitted" in vars(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.input_tags.categorical = True
        tags.target_tags.required = self._is_of_classes()
        tags.transformer_tags.preserves_dtype = []
        return tags


def load(folder, *, n_jobs=None):
    """Opens a run folder, of `zoo train` or of `Autoencoder.save`, as a fitted `Autoencoder`.

    Frames that it makes have the names and words of the table; the types of their columns are seen by looking at them.
    """
    with _sentences():
        model = Autoencoder(n_jobs=n_jobs)
        model._fitted = _zoo.Fitted.load(folder, model._threads())
    about = json.loads(model._fitted.about())
    config = about["config"]
    train, data = config["train"], config["data"]
    model.set_params(
        objective=about["model"],
        code=config["model"].get("code"),
        epochs=train["epochs"],
        batch=train["batch"],
        learning_rate=train["learning_rate"],
        random_state=train["seed"],
        gaps=data.get("impute", "keep"),
        scale=data.get("scale", "auto"),
        series=data.get("series"),
        missing=data.get("missing") or None,
        columns=data.get("columns") or None,
        test_fraction=data.get("test_fraction", 0.2),
        settings=_settings(config),
    )
    names = list(dict(about["kinds"])) or about["columns"]
    model._types = _frames.Types() if names else None
    model._dtype, model._shape = None, None
    if about["shape"] is not None:
        channels, height, width = about["shape"]
        model._shape = (height, width) if channels == 1 else (channels, height, width)
        model._dtype = np.dtype(np.float32)
    model.n_features_in_ = len(names) or about["features"]
    if names:
        model.feature_names_in_ = np.asarray(names, dtype=object)
    model._learnt()
    return model


def _settings(config):
    """All settings that have no parameter of their own."""
    settings = {}
    for section in ("model", "network", "likelihood"):
        for key, of in config.get(section, {}).items():
            if (section, key) not in (("model", "name"), ("model", "code")):
                settings[f"{section}.{key}"] = of
    for key, of in config["train"].items():
        if key not in ("epochs", "batch", "learning_rate", "seed"):
            settings[f"train.{key}"] = of
    return settings


#: Flags of the command line in its sentences, as they are called here.
_PARAMETERS = {
    "impute": "gaps",
    "net": "network",
    "lr": "learning_rate",
    "seed": "random_state",
    "class": "class_name",
    "count": "n_samples",
    "threads": "n_jobs",
    "mean": "draw=False",
    "draw": "draw=True",
    "drop-columns": "X.drop(columns=…)",
    "label-column": "y",
    "set": "settings",
}


def _named(text):
    """A sentence of the zoo with the names of parameters in place of flags."""
    text = text.replace("<memory>: ", "").replace("settings: ", "")
    text = re.sub(r"`?zoo train (--[a-z-]+ [\w.,]+)`?", r"\1", text)

    def of_flag(found):
        name, given = found.group(1), found.group(2)
        name = _PARAMETERS.get(name, name.replace("-", "_"))
        if given is None or "=" in name or "." in name:
            return name + (f" {given}" if given else "")
        return f"{name}={given}" if re.fullmatch(r"[\d.]+|None", given) else f'{name}="{given}"'

    words = "|".join(["mean", "median", "zero", "standard", "minmax", "none", r"\d+(?:\.\d+)?"])
    return re.sub(rf"--([a-z]+(?:-[a-z]+)*)(?: ({words})\b)?", of_flag, text)


@contextmanager
def _sentences():
    """Names parameters in the sentences of errors."""
    try:
        yield
    except ValueError as error:
        raise type(error)(_named(str(error))) from None
