"""The conventions of scikit-learn."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import autoencoder_zoo
from autoencoder_zoo import Autoencoder


def arcs(rows=120, seed=0):
    """Points near a curve in four dimensions, and the half of it that each is on."""
    t = np.random.default_rng(seed).uniform(-2, 2, rows)
    return np.c_[np.sin(t), np.cos(t), t, t**2], (t > 0).astype(int)


@parametrize_with_checks(
    [
        Autoencoder("ae", code=2, epochs=3),
        Autoencoder("vae", code=2, epochs=3),
        Autoencoder("pca", code=1),
        autoencoder_zoo.Vae(beta=2.0, epochs=2),
    ]
)
def test_conventions(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        check(estimator)


def test_a_row_alone_is_the_row_among_others():
    X, _ = arcs()
    for model in (Autoencoder("ae", epochs=5), Autoencoder("vae", epochs=5)):
        model.fit(X)
        for method in (model.transform, model.score_samples):
            alone = np.concatenate([method(X[i : i + 1]) for i in range(20)])
            assert (alone == method(X)[:20]).all()
        assert (np.concatenate([model.predict(X[i : i + 1]) for i in range(120)]) == model.predict(X)).all()


def test_in_a_pipeline_and_a_grid_search():
    X, y = arcs()
    model = make_pipeline(StandardScaler(), Autoencoder("ae", code=2, epochs=40), LogisticRegression())
    assert model.fit(X, y).score(X, y) > 0.9
    search = GridSearchCV(Autoencoder("ae", epochs=20), {"code": [1, 3]}, cv=2).fit(X)
    assert search.best_params_ == {"code": 3}
    search = GridSearchCV(autoencoder_zoo.Vae(code=2, epochs=3), {"beta": [0.1, 5.0]}, cv=2, n_jobs=2).fit(X)
    assert search.best_params_ == {"beta": 0.1}


def test_parameters():
    model = autoencoder_zoo.BetaVae(code=3, gamma=2.0)
    assert model.get_params()["gamma"] == 2.0 and model.get_params()["code"] == 3
    assert clone(model.set_params(gamma=4.0)).gamma == 4.0
    X, _ = arcs()
    model = autoencoder_zoo.Vae(beta=4.0, hidden=[16], epochs=1, learning_rate=1e-3).fit(X)
    assert model.config_["model"]["beta"] == 4.0 and model.config_["network"]["hidden"] == [16]
    assert model.config_["train"]["learning_rate"] == 1e-3
    same = Autoencoder("vae", settings={"beta": 4}, hidden=[16], epochs=1, learning_rate=1e-3).fit(X)
    assert np.array_equal(same.transform(X), model.transform(X))
    assert not np.array_equal(clone(same).set_params(random_state=1).fit(X).transform(X), model.transform(X))


def test_every_model_has_a_class_with_its_words():
    names = [name for name, *_ in autoencoder_zoo.models()]
    assert "vae" in names and "mult-vae" not in names and len(names) > 20
    for name in dir(autoencoder_zoo):
        made = getattr(autoencoder_zoo, name)
        if isinstance(made, type) and made is not Autoencoder:
            assert made().objective in names
            assert len(made.__doc__) > 500 and "Parameters" in made.__doc__


@pytest.mark.parametrize("name", [name for name, *_ in autoencoder_zoo.models()])
def test_every_model_fits(name):
    X, y = arcs(60)
    settings = {"pretraining": 1} if name == "stacked" else {}
    model = Autoencoder(name, epochs=None if name in ("pca", "ica") else 2, settings=settings)
    if name in ("conv", "dncnn"):
        X = np.random.default_rng(0).uniform(size=(40, 16, 16))
    codes = model.fit(X, y[: len(X)]).transform(X)
    assert codes.shape == (len(X), model.code_) and np.isfinite(codes).all()
    assert model.inverse_transform(codes).shape == X.shape
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.transform(X), codes)
    assert np.array_equal(again.score_samples(X), model.score_samples(X))
    assert again.offset_ == model.offset_


def test_outliers():
    X, _ = arcs(400)
    strange = np.array([[3.0, -3, 0, 4], [0, 0, 5, -5]])
    model = Autoencoder("ae", code=2, epochs=60).fit(X)
    assert (model.predict(strange) == -1).all()
    assert (model.predict(X) == 1).mean() > 0.85
    assert np.allclose(model.decision_function(X), model.score_samples(X) - model.offset_)
    exact = Autoencoder("ae", code=2, epochs=5, contamination=0.1)
    assert (exact.fit_predict(X) == -1).sum() == 40
    other = Autoencoder("ae", code=2, epochs=5, anomaly_score="squared_error").fit(X)
    assert np.isclose(other.score(X), other.score_samples(X).mean())


def test_samples():
    X, y = arcs(200)
    model = Autoencoder("vae", epochs=20).fit(X)
    new = model.sample(50)
    assert new.shape == (50, 4) and np.array_equal(new, model.sample(50))
    assert not np.array_equal(new, model.sample(50, random_state=1))
    assert not np.array_equal(new, model.sample(50, draw=False))
    plain = Autoencoder("ae", epochs=5).fit(X)
    with pytest.raises(ValueError, match="has no prior to draw from.*mixture=10"):
        plain.sample(3)
    assert plain.sample(3, mixture=2).shape == (3, 4)
    classes = Autoencoder("cvae", epochs=5).fit(X, np.where(y, "right", "left"))
    assert classes.sample(4, class_name="left").shape == (4, 4)
    with pytest.raises(ValueError, match="did you mean `left`"):
        classes.sample(4, class_name="lef")


def test_gaps_in_an_array():
    X, _ = arcs(200)
    holes = X.copy()
    holes[::5, 1] = np.nan
    model = Autoencoder("vae", epochs=60).fit(holes)
    full = model.impute(holes)
    assert np.array_equal(full[~np.isnan(holes)], X[~np.isnan(holes)])
    error = np.abs(full[::5, 1] - X[::5, 1]).mean()
    assert error < np.abs(X[::5, 1] - X[:, 1].mean()).mean()
    draws = [model.impute(holes, draw=number)[0, 1] for number in (0, 1)]
    assert draws[0] != draws[1]
    with pytest.raises(ValueError, match='gaps="mean"'):
        Autoencoder("ae", gaps="refuse").fit(holes)


def test_kinds_of_arrays():
    X, _ = arcs()
    model = Autoencoder("ae", epochs=2)
    codes = model.fit(X).transform(X)
    for same in (np.asfortranarray(X), X[::-1][::-1], X.tolist(), np.c_[X, X][:, :4]):
        assert np.array_equal(clone(model).fit(same).transform(same), codes)
    assert model.inverse_transform(codes).dtype == np.float64
    single = clone(model).fit(X.astype(np.float32))
    assert single.inverse_transform(codes).dtype == np.float32
    bytes_ = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    pictures = Autoencoder("ae", epochs=2).fit(bytes_)
    assert pictures.inverse_transform(pictures.transform(bytes_)).shape == (30, 8, 8)
    assert np.array_equal(pictures.transform(bytes_.reshape(30, 64)), pictures.transform(bytes_))


def test_names_of_codes():
    X, _ = arcs()
    model = Autoencoder("pca", code=2).set_output(transform="pandas")
    frame = model.fit_transform(X)
    assert list(frame.columns) == ["z1", "z2"]


def test_copies():
    X, _ = arcs()
    model = Autoencoder("ae", epochs=2).fit(X)
    assert np.array_equal(copy.deepcopy(model).transform(X), model.transform(X))


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"objective": "vea"}, "did you mean `vae`"),
        ({"settings": {"bet": 2}}, "did you mean `.*beta`"),
        ({"epochs": 0}, "epochs is 0; training needs at least 1 epoch"),
        ({"batch": 5000}, "a batch of 5000 is larger than the"),
        ({"network": "mpl"}, "`mpl`"),
        ({"test_fraction": 1.5}, "the test fraction must lie between 0 and 1.*test_fraction=0.2"),
        ({"scale": "big"}, "big"),
        ({"anomaly_score": "odd", "contamination": 0.1}, "the scores are `squared_error`"),
        ({"contamination": 0.9}, "contamination is"),
    ],
)
def test_mistakes_are_sentences(settings, sentence):
    X, _ = arcs()
    with pytest.raises(ValueError, match=sentence) as caught:
        Autoencoder(**{"epochs": 1, **settings}).fit(X)
    assert "--" not in str(caught.value) and "memory" not in str(caught.value)


def test_a_loss_that_becomes_infinite():
    X, _ = arcs()
    with pytest.raises(FloatingPointError):
        Autoencoder("ae", epochs=50, learning_rate=1e30).fit(X)
